package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/oauth2-proxy/mockoidc"
)

// openProvider returns the provider that the environment names, or, on a loopback address, one that runs
// within this program, believes everybody, and is for trying out alone. Elsewhere there is none.
func openProvider(ctx context.Context, base string, loopback bool) (p *provider, stop func(), err error) {
	if issuer := os.Getenv("OPENID_ISSUER"); issuer != "" {
		if base == "https://" {
			return nil, nil, errors.New("SITE_HOST must be the site's host, to which the provider sends visitors back")
		}
		p, err = newProvider(ctx, "OpenID", issuer, os.Getenv("OPENID_CLIENT_ID"), os.Getenv("OPENID_CLIENT_SECRET"), base)
		return p, func() {}, err
	}
	if !loopback {
		return nil, func() {}, nil
	}
	mock, err := startMock()
	if err != nil {
		return nil, nil, err
	}
	p, err = newProvider(ctx, "Example ID", mock.Issuer(), mock.ClientID, mock.ClientSecret, base)
	return p, func() { mock.Shutdown() }, err
}

// startMock starts a provider on a port of the loopback interface.
func startMock() (*mockoidc.MockOIDC, error) {
	mock, err := mockoidc.NewServer(nil)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex // it does not guard its maps
	err = mock.AddMiddleware(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			next.ServeHTTP(w, r)
		})
	})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return mock, mock.Start(listener, nil)
}
