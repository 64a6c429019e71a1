package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// A provider is an OpenID provider that visitors may sign in with.
type provider struct {
	name     string // for people
	origin   string // of its pages
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
}

// newProvider asks an issuer for its endpoints and keys. The site is at the address base.
func newProvider(ctx context.Context, name, issuer, id, secret, base string) (*provider, error) {
	op, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, err
	}
	at, err := url.Parse(op.Endpoint().AuthURL)
	if err != nil {
		return nil, err
	}
	return &provider{
		name:   name,
		origin: at.Scheme + "://" + at.Host,
		oauth: oauth2.Config{
			ClientID: id, ClientSecret: secret, Endpoint: op.Endpoint(),
			RedirectURL: base + "/openid/callback", Scopes: []string{oidc.ScopeOpenID, "profile"},
		},
		verifier: op.Verifier(&oidc.Config{ClientID: id}),
	}, nil
}

// signIn is what the callback needs to know of a log-in that has begun.
type signIn struct {
	Verifier string `msgpack:"v"` // of PKCE
	Nonce    string `msgpack:"n"` // for the ID token
	Next     string `msgpack:"p"` // the page to go on to
}

func (a *app) beginSignIn(w http.ResponseWriter, r *http.Request) {
	sess := SessionFrom(r.Context())
	p := signIn{Verifier: oauth2.GenerateVerifier(), Nonce: rand.Text(), Next: local(r.PostFormValue("next"))}
	state, err := sess.TryStartSignIn(p)
	if err != nil { // the page's address is too long
		p.Next = "/"
		state = sess.StartSignIn(p)
	}
	seeOther(w, r, a.provider.oauth.AuthCodeURL(state, oidc.Nonce(p.Nonce), oauth2.S256ChallengeOption(p.Verifier)))
}

func (a *app) finishSignIn(w http.ResponseWriter, r *http.Request) {
	p, ok := SessionFrom(r.Context()).TakeSignIn(r.FormValue("state"))
	if !ok {
		a.render(w, r, http.StatusBadRequest, "problem", "This log-in was not begun here",
			"It may have taken too long, or it is finished already. Please log in again.")
		return
	}
	if r.FormValue("error") != "" {
		notify(r, "You are not logged in: "+a.provider.name+" did not let you.")
		seeOther(w, r, loginPath(p.Next))
		return
	}
	who, err := a.provider.identify(r.Context(), r.FormValue("code"), p)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	u, err := a.accountOf(r.Context(), who)
	switch {
	case errors.Is(err, errNameTaken):
		a.render(w, r, http.StatusConflict, "problem", "There is another account of this name", "Please ask the shop.")
	case err != nil:
		a.fail(w, r, err)
	default:
		enter(r, u)
		notify(r, "Welcome, "+u.Name+".")
		seeOther(w, r, p.Next)
	}
}

// identity is what an ID token says of whoever signed in.
type identity struct {
	Issuer  string `json:"iss"`
	Subject string `json:"sub"`
	Name    string `json:"preferred_username"`
}

// identify exchanges the code that has come back for an ID token.
func (p *provider) identify(ctx context.Context, code string, began signIn) (who identity, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	token, err := p.oauth.Exchange(ctx, code, oauth2.VerifierOption(began.Verifier))
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return who, errors.New("the provider refuses the code: " + refused.ErrorCode) // its text may show the code
	}
	if err != nil {
		return who, err
	}
	text, _ := token.Extra("id_token").(string)
	idToken, err := p.verifier.Verify(ctx, text)
	if err != nil {
		return who, err
	}
	if idToken.Nonce != began.Nonce {
		return who, errors.New("the ID token is for another log-in")
	}
	return who, idToken.Claims(&who)
}

var foreignName = regexp.MustCompile(`^[a-z0-9._-]{1,20}$`)

// accountOf returns the account of an identity, a new one if there is none. The provider's subject says who it
// is; its name may be somebody else's next year.
func (a *app) accountOf(ctx context.Context, who identity) (User, error) {
	sum := sha256.Sum256([]byte(who.Issuer + "\x00" + who.Subject))
	id := base32.StdEncoding.EncodeToString(sum[:])[:26]
	if u, err := a.users.FindByID(ctx, id); !errors.Is(err, errNoUser) {
		return u, err
	}
	if !foreignName.MatchString(who.Name) {
		who.Name = strings.ToLower(id[:8])
	}
	u := User{ID: id, Name: who.Name + "@openid", Role: customer} // which nobody can choose at the sign-up
	err := a.users.Add(ctx, u)
	if errors.Is(err, errNameTaken) { // perhaps by a log-in of theirs in another tab
		if other, failure := a.users.FindByID(ctx, id); !errors.Is(failure, errNoUser) {
			return other, failure
		}
	}
	return u, err
}
