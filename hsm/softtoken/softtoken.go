// Package softtoken makes throwaway software tokens for rehearsals and tests.
package softtoken

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/hsm"
	"keyrite.dev/keyrite/hsm/pkcs11"
)

// Kinds of token.
const (
	SoftHSM = "softhsm"
	NSS     = "nss"
)

// Create makes a token of kind in folder, which exists and is empty, with its
// PINs set.
func Create(ctx context.Context, kind, folder string, soPIN, userPIN secret.Bytes) (hsm.Location, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return hsm.Location{}, fmt.Errorf("failed to make a token: %w", err)
	}
	switch kind {
	case SoftHSM:
		return createSoftHSM(ctx, folder, soPIN, userPIN)
	case NSS:
		return createNSS(ctx, folder, userPIN)
	default:
		return hsm.Location{}, fmt.Errorf("invalid token kind %q: softhsm or nss", kind)
	}
}

func createSoftHSM(ctx context.Context, folder string, soPIN, userPIN secret.Bytes) (hsm.Location, error) {
	module, err := find("SoftHSM2", "softhsm2", softhsmPaths())
	if err != nil {
		return hsm.Location{}, err
	}
	tokens := filepath.Join(folder, "tokens")
	if err := os.Mkdir(tokens, 0o700); err != nil {
		return hsm.Location{}, fmt.Errorf("failed to make a token: %w", err)
	}
	conf := filepath.Join(folder, "softhsm2.conf")
	text := fmt.Sprintf("directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n", tokens)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return hsm.Location{}, fmt.Errorf("failed to make a token: %w", err)
	}
	loc := hsm.Location{Module: module, Label: "keyrite rehearsal", Environment: []string{"SOFTHSM2_CONF=" + conf}}
	return pkcs11.InitToken(ctx, loc, soPIN, userPIN)
}

func createNSS(ctx context.Context, folder string, userPIN secret.Bytes) (hsm.Location, error) {
	module, err := find("NSS softokn", "libnss3", nssPaths())
	if err != nil {
		return hsm.Location{}, err
	}
	loc := hsm.Location{
		Module:     module,
		InitString: fmt.Sprintf("configDir='sql:%s' certPrefix='' keyPrefix='' secmod='' flags=''", folder),
		Label:      "NSS Certificate DB", // softokn's own name for its key database
	}
	return pkcs11.InitNSS(ctx, loc, userPIN)
}

func find(name, pkg string, paths []string) (string, error) {
	for _, p := range paths {
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() {
			return p, nil
		}
	}
	return "", fmt.Errorf("%s is not installed; on Debian or Ubuntu: apt-get install %s", name, pkg)
}

func softhsmPaths() []string {
	return []string{
		"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
		"/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm.so", "/usr/lib64/libsofthsm2.so",
		"/usr/local/lib/softhsm/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so",
	}
}

func nssPaths() []string {
	return []string{
		"/usr/lib/x86_64-linux-gnu/libsoftokn3.so", "/usr/lib/aarch64-linux-gnu/libsoftokn3.so",
		"/usr/lib/x86_64-linux-gnu/nss/libsoftokn3.so", "/usr/lib/aarch64-linux-gnu/nss/libsoftokn3.so",
		"/usr/lib64/libsoftokn3.so", "/opt/homebrew/lib/libsoftokn3.dylib",
	}
}
