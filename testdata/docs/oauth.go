package page

import (
	"context"

	"golang.org/x/oauth2"
)

var provider oauth2.Config

func userOf(ctx context.Context, token *oauth2.Token) (user User, err error) { return }

func verify(idToken, nonce string) (id int64, err error) { return }
