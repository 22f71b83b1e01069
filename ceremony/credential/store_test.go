package credential_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/credential"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
)

var _ ceremony.Credentials = (*credential.Store)(nil)

const phrase = "topmost Istanbul Pluto vagabond"

func storeOf(t *testing.T, mode dsse.Mode) (*credential.Store, plan.Member) {
	t.Helper()
	file, pub, err := credential.Create("A", plan.Witness, secret.Copy([]byte(phrase)), credential.Options{LogN: 2, Mode: dsse.Rehearsal})
	if err != nil {
		t.Fatal(err)
	}
	m := pub.Member("witness")
	return credential.NewStore(mode, func(id string) ([]byte, error) {
		if id != m.ID {
			return nil, os.ErrNotExist
		}
		return file, nil
	}), m
}

func TestTheStoreUnlocksForOneSignature(t *testing.T) {
	s, m := storeOf(t, dsse.Rehearsal)
	u, err := s.Unlock(context.Background(), m, secret.Copy([]byte(phrase)))
	if err != nil {
		t.Fatal(err)
	}
	sig, err := u.Sign(context.Background(), []byte("m"))
	if err != nil || !u.Public().Verify([]byte("m"), sig) {
		t.Error(err)
	}
	u.Release()
	if _, err := u.Sign(context.Background(), []byte("m")); err == nil {
		t.Error("signed after release")
	}
	if s.Stretching() <= 0 {
		t.Error("no stretching was counted")
	}
}

func TestTheStoreRefusesWhoeverItIsNot(t *testing.T) {
	s, m := storeOf(t, dsse.Rehearsal)
	other, stranger := storeOf(t, dsse.Rehearsal)
	ctx := context.Background()
	if _, err := s.Unlock(ctx, m, secret.Copy([]byte("wrong"))); !errors.Is(err, credential.ErrPassphrase) {
		t.Errorf("wrong passphrase: %v", err)
	}
	if s.Stretching() <= 0 {
		t.Error("the time of a wrong passphrase was not counted")
	}
	for name, unlock := range map[string]func() error{
		"another's key under the id": func() error { _, err := s.Unlock(ctx, stranger, secret.Copy([]byte(phrase))); return err },
		"an unknown id": func() error {
			_, err := other.Unlock(ctx, plan.Member{ID: "nobody", Key: m.Key}, secret.Copy([]byte(phrase)))
			return err
		},
		"a rehearsal's credential in production": func() error {
			p, m := storeOf(t, dsse.Production)
			_, err := p.Unlock(ctx, m, secret.Copy([]byte(phrase)))
			return err
		},
	} {
		if err := unlock(); err == nil || errors.Is(err, credential.ErrPassphrase) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
