package pkcs11

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"unicode"

	"github.com/miekg/pkcs11"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/hsm"
)

// A Token is one token with one read-write session. It implements
// ceremony.Token.
type Token struct {
	mod     *module
	slot    uint
	session pkcs11.SessionHandle
	calls   chan func()
	closed  chan struct{}
	proven  proven
	lengths map[ceremony.KeyID]int // of keys that this session unwrapped

	mechanisms []uint // what the token lists; nil before it was asked
}

// Open loads the module, finds the token by serial and label, and opens a
// session. It does not log in.
func Open(ctx context.Context, loc hsm.Location) (*Token, error) {
	m, err := acquire(loc)
	if err != nil {
		return nil, err
	}
	t := &Token{mod: m, calls: make(chan func()), closed: make(chan struct{}), proven: proven{}, lengths: map[ceremony.KeyID]int{}}
	go t.own()
	err = t.do(ctx, func() error {
		if t.slot, err = t.find(loc); err != nil {
			return err
		}
		t.session, err = m.ctx.OpenSession(t.slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
		return wrapError("C_OpenSession", err)
	})
	if err != nil {
		close(t.closed)
		return nil, errors.Join(err, m.release())
	}
	return t, nil
}

// own runs the token's calls, one after the other, on one thread.
func (t *Token) own() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		select {
		case <-t.closed: // first: no call may reach a module that was finalised
			return
		default:
		}
		select {
		case f := <-t.calls:
			f()
		case <-t.closed:
			return
		}
	}
}

// do is the one doorway to the module. ctx ends the wait for the owner; a call
// that has begun cannot be cancelled, and its answer is waited for.
func (t *Token) do(ctx context.Context, f func() error) error {
	if err := ctx.Err(); err != nil { // a select would still call, half of the time
		return fmt.Errorf("the HSM was not called: %w", err)
	}
	answer := make(chan error, 1)
	select {
	case t.calls <- func() { answer <- f() }:
		return <-answer
	case <-t.closed:
		return errClosed
	case <-ctx.Done():
		return fmt.Errorf("the HSM was not called: %w", ctx.Err())
	}
}

var errClosed = errors.New("the token was closed")

// Close ends the session. The module is finalised with its last token. Closing
// twice is an error and does nothing.
func (t *Token) Close() error {
	err := t.do(context.Background(), func() error {
		close(t.closed)
		_ = t.mod.ctx.Logout(t.session) // not logged in is fine
		return wrapError("C_CloseSession", t.mod.ctx.CloseSession(t.session))
	})
	if errors.Is(err, errClosed) {
		return err
	}
	return errors.Join(err, t.mod.release())
}

func (t *Token) find(loc hsm.Location) (uint, error) {
	slots, err := t.mod.ctx.GetSlotList(true)
	if err != nil {
		return 0, wrapError("C_GetSlotList", err)
	}
	var seen []string
	for _, s := range slots {
		info, err := t.mod.ctx.GetTokenInfo(s)
		if err != nil || info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 && loc.Serial == "" {
			continue
		}
		serial, label := trim(info.SerialNumber), trim(info.Label)
		if serial == loc.Serial && (loc.Label == "" || label == loc.Label) {
			return s, nil
		}
		seen = append(seen, fmt.Sprintf("%s (%s)", serial, label))
	}
	return 0, fmt.Errorf("no token with serial %s; the module shows: %s", loc.Serial, cmp.Or(strings.Join(seen, ", "), "none"))
}

func trim(s string) string { return strings.TrimRight(s, " \x00") }

// Info describes module and token.
func (t *Token) Info(ctx context.Context) (ceremony.TokenInfo, error) {
	var out ceremony.TokenInfo
	err := t.do(ctx, func() error {
		lib, err := t.mod.ctx.GetInfo()
		if err != nil {
			return wrapError("C_GetInfo", err)
		}
		info, err := t.mod.ctx.GetTokenInfo(t.slot)
		if err != nil {
			return wrapError("C_GetTokenInfo", err)
		}
		out = describe(t.mod, lib, info)
		return nil
	})
	return out, err
}

func describe(m *module, lib pkcs11.Info, info pkcs11.TokenInfo) ceremony.TokenInfo {
	version := func(v pkcs11.Version) string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }
	flag := func(f uint) bool { return info.Flags&f != 0 }
	return ceremony.TokenInfo{
		Module: m.path, ModuleSHA256: m.digest, Cryptoki: version(lib.CryptokiVersion),
		Library:      trim(lib.LibraryDescription) + " " + version(lib.LibraryVersion),
		Manufacturer: trim(info.ManufacturerID), Model: trim(info.Model), Serial: trim(info.SerialNumber), Label: trim(info.Label),
		Firmware: version(info.FirmwareVersion), Hardware: version(info.HardwareVersion),
		Software: isSoftware(trim(info.Model), trim(lib.LibraryDescription)),
		PINPad:   flag(pkcs11.CKF_PROTECTED_AUTHENTICATION_PATH), MinPIN: int(info.MinPinLen), MaxPIN: int(info.MaxPinLen), //nolint:gosec // small
		TriesLow: flag(pkcs11.CKF_USER_PIN_COUNT_LOW), FinalTry: flag(pkcs11.CKF_USER_PIN_FINAL_TRY), Locked: flag(pkcs11.CKF_USER_PIN_LOCKED),
	}
}

// isSoftware knows the software tokens by whole words of their names ("soft" is
// opencryptoki's, and part of a hardware vendor's); one that is not in the list
// counts as hardware, which the room sees on the device.
func isSoftware(model, library string) bool {
	words := strings.FieldsFunc(strings.ToLower(model+" "+library), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return slices.ContainsFunc(words, func(w string) bool {
		return slices.Contains([]string{"softhsm", "softhsm2", "nss", "softokn", "softoken", "softtoken", "soft", "kryoptic", "tpm2"}, w)
	})
}

// Login logs the user in. It never tries twice.
func (t *Token) Login(ctx context.Context, pin secret.Bytes) error {
	return t.do(ctx, func() error { return t.login(pin) })
}

func (t *Token) login(pin secret.Bytes) error {
	info, err := t.mod.ctx.GetTokenInfo(t.slot)
	if err != nil {
		return wrapError("C_GetTokenInfo", err)
	}
	if err := sendable(pin.Len(), info); err != nil {
		return err
	}
	err = pin.Expose(func(b []byte) error { return t.mod.login(t.session, pkcs11.CKU_USER, b) })
	if !isCode(err, pkcs11.CKR_PIN_INCORRECT) && !isCode(err, pkcs11.CKR_PIN_LOCKED) {
		return err
	}
	after, infoErr := t.mod.ctx.GetTokenInfo(t.slot)
	if infoErr != nil {
		after = info
	}
	return hsm.PINError{
		Low:    after.Flags&pkcs11.CKF_USER_PIN_COUNT_LOW != 0,
		Final:  after.Flags&pkcs11.CKF_USER_PIN_FINAL_TRY != 0,
		Locked: after.Flags&pkcs11.CKF_USER_PIN_LOCKED != 0 || isCode(err, pkcs11.CKR_PIN_LOCKED),
	}
}

// sendable refuses a PIN that can only cost a try: some tokens count an empty one.
func sendable(n int, info pkcs11.TokenInfo) error {
	pad := info.Flags&pkcs11.CKF_PROTECTED_AUTHENTICATION_PATH != 0
	least, most := int(info.MinPinLen), int(info.MaxPinLen) //nolint:gosec // small
	switch {
	case n == 0 && !pad:
		return errors.New("an empty PIN was given, and the HSM has no PIN pad; nothing was sent")
	case n == 0 || least > most || most == 0: // the pad asks; or the token does not tell
		return nil
	case n < least || n > most:
		return fmt.Errorf("a PIN of this HSM has %d to %d characters; nothing was sent", least, most)
	}
	return nil
}

// Logout ends the login. A login is the process's, not a session's: it ends for
// every Token of this process on the same token.
func (t *Token) Logout(ctx context.Context) error {
	return t.do(ctx, func() error { return wrapError("C_Logout", t.mod.ctx.Logout(t.session)) })
}

// Inventory lists all objects that the login shows.
func (t *Token) Inventory(ctx context.Context) ([]ceremony.Object, error) {
	var out []ceremony.Object
	err := t.do(ctx, func() error {
		handles, err := t.search(nil)
		if err != nil {
			return err
		}
		for _, h := range handles {
			out = append(out, t.object(h))
		}
		return nil
	})
	slices.SortFunc(out, func(a, b ceremony.Object) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Label, b.Label), cmp.Compare(a.ID, b.ID))
	})
	return out, err
}

func (t *Token) object(h pkcs11.ObjectHandle) ceremony.Object {
	o := ceremony.Object{Class: className(t.number(h, pkcs11.CKA_CLASS)), Type: typeName(t.number(h, pkcs11.CKA_KEY_TYPE))}
	if v, err := t.get(h, pkcs11.CKA_LABEL); err == nil {
		o.Label = string(v)
	}
	if v, err := t.get(h, pkcs11.CKA_ID); err == nil {
		o.ID = hex.EncodeToString(v)
	}
	v, err := t.get(h, pkcs11.CKA_TOKEN)
	o.Token = err == nil && len(v) == 1 && v[0] != 0
	return o
}

// search finds all objects that match a template.
func (t *Token) search(template []*pkcs11.Attribute) ([]pkcs11.ObjectHandle, error) {
	if err := t.mod.ctx.FindObjectsInit(t.session, template); err != nil {
		return nil, wrapError("C_FindObjectsInit", err)
	}
	var all []pkcs11.ObjectHandle
	for {
		some, _, err := t.mod.ctx.FindObjects(t.session, 100)
		if err != nil {
			return nil, errors.Join(wrapError("C_FindObjects", err), t.mod.ctx.FindObjectsFinal(t.session))
		}
		if len(some) == 0 {
			return all, wrapError("C_FindObjectsFinal", t.mod.ctx.FindObjectsFinal(t.session))
		}
		all = append(all, some...)
	}
}
