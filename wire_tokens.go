//go:build !headless

package main

import (
	"context"
	"errors"

	"keyrite.dev/keyrite/app/command"
	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/hsm"
	"keyrite.dev/keyrite/hsm/pkcs11"
	"keyrite.dev/keyrite/hsm/softtoken"
	"keyrite.dev/keyrite/hsm/worker"
)

// tokens makes the throwaway tokens of rehearsals.
type tokens struct{}

// MakeThrowaway makes a token and commissions it, logged in only for that.
func (tokens) MakeThrowaway(ctx context.Context, kind, folder string, soPIN, userPIN secret.Bytes) (command.Throwaway, error) {
	loc, err := softtoken.Create(ctx, kind, folder, soPIN, userPIN)
	if err != nil {
		return command.Throwaway{}, err
	}
	t, err := pkcs11.Open(ctx, loc)
	if err != nil {
		return command.Throwaway{}, err
	}
	spki, err := commission(ctx, t, userPIN)
	if err != nil {
		return command.Throwaway{}, errors.Join(err, t.Close())
	}
	return command.Throwaway{Token: t, TranscriptKey: spki, Splitter: splitter(loc), Close: t.Close}, nil
}

func commission(ctx context.Context, t *pkcs11.Token, pin secret.Bytes) ([]byte, error) {
	if err := t.Login(ctx, pin); err != nil {
		return nil, err
	}
	spki, err := t.Commission(ctx)
	return spki, errors.Join(err, t.Logout(ctx))
}

func splitter(loc hsm.Location) func(func(id string) ([]byte, error)) ceremony.Splitter {
	return func(credentials func(id string) ([]byte, error)) ceremony.Splitter {
		return worker.New(worker.Config{Location: loc, Credentials: credentials})
	}
}
