// Package softtoken makes throwaway software tokens for rehearsals and tests.
package softtoken

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

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
// PINs set. NSS has no security officer's PIN once its user has one, so soPIN is
// not used there. A module that is not installed is an error that names its
// package.
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
	module, err := find("SoftHSM2", map[string]string{"Debian and Ubuntu": "softhsm2", "Fedora": "softhsm", "Homebrew": "softhsm"}, softhsmPaths())
	if err != nil {
		return hsm.Location{}, err
	}
	if strings.ContainsAny(folder, "=#\r\n") { // its configuration file knows no quotes
		return hsm.Location{}, fmt.Errorf("invalid folder %q: SoftHSM2 takes no path with =, # or a line break", folder)
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
	module, err := find("NSS softokn", map[string]string{"Debian and Ubuntu": "libnss3", "Fedora": "nss-softokn", "Homebrew": "nss"}, nssPaths())
	if err != nil {
		return hsm.Location{}, err
	}
	loc := hsm.Location{
		Module:     module,
		InitString: fmt.Sprintf("configDir='sql:%s' certPrefix='' keyPrefix='' secmod='' flags=''", inQuotes(folder)),
		Label:      "NSS Certificate DB", // softokn's own name for its key database
	}
	return pkcs11.InitNSS(ctx, loc, userPIN)
}

// inQuotes is a value between single quotes, as NSS reads its parameters.
func inQuotes(s string) string { return strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) }

// find is the first of paths that is a file; packages are by system.
func find(name string, packages map[string]string, paths []string) (string, error) {
	for _, p := range paths {
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() {
			return p, nil
		}
	}
	var where []string
	for _, system := range slices.Sorted(maps.Keys(packages)) {
		where = append(where, fmt.Sprintf("%s (%s)", packages[system], system))
	}
	return "", fmt.Errorf("%s is not installed; install the package %s", name, strings.Join(where, ", "))
}

func softhsmPaths() []string {
	return []string{
		"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", // Debian, Ubuntu
		"/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
		"/usr/lib64/pkcs11/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/usr/lib64/libsofthsm2.so", // Fedora
		"/usr/local/lib/softhsm/libsofthsm2.so",    // from source; Homebrew on Intel
		"/opt/homebrew/lib/softhsm/libsofthsm2.so", // on macOS it ends in .so too
	}
}

func nssPaths() []string {
	return []string{
		"/usr/lib/x86_64-linux-gnu/libsoftokn3.so", "/usr/lib/aarch64-linux-gnu/libsoftokn3.so", // Debian, Ubuntu
		"/usr/lib/x86_64-linux-gnu/nss/libsoftokn3.so", "/usr/lib/aarch64-linux-gnu/nss/libsoftokn3.so",
		"/usr/lib64/libsoftokn3.so", // Fedora
		"/opt/homebrew/opt/nss/lib/libsoftokn3.dylib", "/opt/homebrew/lib/libsoftokn3.dylib", "/usr/local/opt/nss/lib/libsoftokn3.dylib",
	}
}
