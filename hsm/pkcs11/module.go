// Package pkcs11 drives an HSM through its PKCS#11 module.
//
// One goroutine owns a token: every Cryptoki call runs there, through
// [Token.do], since modules crash when sessions are shared among threads. Tokens
// are found by serial number. A CKR_OK proves nothing about bytes: Preflight
// wraps throwaway keys and unwraps them in software before anything is trusted.
package pkcs11

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unsafe"

	"github.com/miekg/pkcs11"

	"keyrite.dev/keyrite/hsm"
)

// #include <stdlib.h>
import "C"

// A module is a loaded and initialised PKCS#11 library. C_Initialize is once per
// process and library, so tokens share it.
type module struct {
	ctx    *pkcs11.Ctx
	path   string
	digest string
	init   string
	users  int
}

// modules counts who uses which library. It is a process-wide fact, like the
// libraries themselves.
//
//nolint:gochecknoglobals // see above
var modules = struct {
	sync.Mutex
	open map[string]*module
}{open: map[string]*module{}}

// acquire loads the module of loc, or finds it loaded with the same settings.
func acquire(loc hsm.Location) (*module, error) {
	modules.Lock()
	defer modules.Unlock()
	setting := loc.InitString + "\x00" + strings.Join(loc.Environment, "\x00")
	if m, ok := modules.open[loc.Module]; ok {
		if m.init != setting {
			return nil, fmt.Errorf("module %s is in use with other settings; a process can use it with one only", loc.Module)
		}
		m.users++
		return m, nil
	}
	m, err := load(loc)
	if err != nil {
		return nil, err
	}
	m.init, m.users = setting, 1
	modules.open[loc.Module] = m
	return m, nil
}

func load(loc hsm.Location) (*module, error) {
	digest, err := digestFile(loc.Module)
	if err != nil {
		return nil, err
	}
	for _, kv := range loc.Environment {
		k, v, _ := strings.Cut(kv, "=")
		if err := os.Setenv(k, v); err != nil {
			return nil, fmt.Errorf("failed to set %s for the module: %w", k, err)
		}
	}
	ctx := pkcs11.New(loc.Module)
	if ctx == nil {
		return nil, fmt.Errorf("%s is not a PKCS#11 module that this machine can load", loc.Module)
	}
	var opts []pkcs11.InitializeOption
	if loc.InitString != "" {
		s := C.CString(loc.InitString)
		defer C.free(unsafe.Pointer(s))
		opts = append(opts, pkcs11.InitializeWithReserved(unsafe.Pointer(s)))
	}
	if err := ctx.Initialize(opts...); err != nil {
		ctx.Destroy()
		return nil, wrapError("C_Initialize", err)
	}
	return &module{ctx: ctx, path: loc.Module, digest: digest}, nil
}

func digestFile(path string) (string, error) {
	if !filepath.IsAbs(path) {
		return "", fmt.Errorf("invalid module path %q: it must be absolute", path)
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return "", fmt.Errorf("module %s is not there or no regular file", path)
	}
	f, err := os.Open(path) //nolint:gosec // the site's own setting
	if err != nil {
		return "", fmt.Errorf("failed to read the module: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("failed to read the module: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// release ends one use; the last one finalises the library.
func (m *module) release() error {
	modules.Lock()
	defer modules.Unlock()
	if m.users--; m.users > 0 {
		return nil
	}
	delete(modules.open, m.path)
	err := wrapError("C_Finalize", m.ctx.Finalize())
	m.ctx.Destroy()
	return err
}

// wrapError gives a binding's error its place in our words.
func wrapError(function string, err error) error {
	if err == nil {
		return nil
	}
	if code, ok := errors.AsType[pkcs11.Error](err); ok {
		return hsm.Error{Function: function, Code: uint(code)}
	}
	return fmt.Errorf("%s: %w", function, err)
}

func isCode(err error, code uint) bool {
	var e hsm.Error
	return errors.As(err, &e) && e.Code == code
}
