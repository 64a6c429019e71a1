package main

import (
	"errors"
	"testing"
)

// An administrator and a user who change an account at the same time do not undo what the other has changed.
func TestUsers(t *testing.T) {
	eachMode(t, func(t *testing.T, s site) {
		users, u := s.users, User{ID: "1", Name: "hubo", Hash: []byte("old")}
		if err := users.Add(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		if err := users.Add(t.Context(), User{ID: "2", Name: "hubo"}); !errors.Is(err, errNameTaken) {
			t.Errorf("a second account with the name: got error %v, want errNameTaken", err)
		}
		err := errors.Join(users.SetHash(t.Context(), "hubo", []byte("new")), users.SetRole(t.Context(), "hubo", member))
		if err != nil {
			t.Error(err)
		}
		byName, err1 := users.Find(t.Context(), "hubo")
		byID, err2 := users.FindByID(t.Context(), "1")
		for _, u := range []User{byName, byID} {
			if u.ID != "1" || u.Name != "hubo" || u.Role != member || string(u.Hash) != "new" {
				t.Errorf("got %s %s with role %q and password %s: %v, %v", u.ID, u.Name, u.Role, u.Hash, err1, err2)
			}
		}
		_, err1 = users.Find(t.Context(), "1")
		_, err2 = users.FindByID(t.Context(), "hubo")
		if !errors.Is(err1, errNoUser) || !errors.Is(err2, errNoUser) {
			t.Errorf("for an unknown user: got errors %v, %v, want errNoUser", err1, err2)
		}
	})
}
