package pkcs11

import (
	"context"
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"

	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/hsm"
)

// InitToken initialises a free slot as a token labelled loc.Label and sets both
// PINs. The location it answers names the new token's serial.
func InitToken(ctx context.Context, loc hsm.Location, soPIN, userPIN secret.Bytes) (hsm.Location, error) {
	return initialise(ctx, loc, func(m *module) (uint, error) {
		slots, err := m.ctx.GetSlotList(true)
		if err != nil || len(slots) == 0 {
			return 0, errors.Join(errors.New("the module has no free slot"), wrapError("C_GetSlotList", err))
		}
		slot := slots[len(slots)-1] // SoftHSM's free slot is the last
		if err := soPIN.Expose(func(so []byte) error { return m.initToken(slot, so, loc.Label) }); err != nil {
			return 0, err
		}
		return slot, setUserPIN(m, slot, soPIN, userPIN)
	})
}

// InitNSS sets the user PIN of a fresh NSS database, whose security officer has
// an empty PIN until then.
func InitNSS(ctx context.Context, loc hsm.Location, userPIN secret.Bytes) (hsm.Location, error) {
	return initialise(ctx, loc, func(m *module) (uint, error) {
		slots, err := m.ctx.GetSlotList(true)
		if err != nil {
			return 0, wrapError("C_GetSlotList", err)
		}
		for _, slot := range slots {
			info, err := m.ctx.GetTokenInfo(slot)
			if err == nil && trim(info.Label) == loc.Label {
				return slot, setUserPIN(m, slot, secret.Bytes{}, userPIN)
			}
		}
		return 0, fmt.Errorf("the module shows no token %q", loc.Label)
	})
}

// initialise runs f on the loaded module and reads back which token it made. The
// module is unloaded after: some give a new token its slot only then.
func initialise(ctx context.Context, loc hsm.Location, f func(*module) (uint, error)) (hsm.Location, error) {
	if err := ctx.Err(); err != nil {
		return loc, err
	}
	m, err := acquire(loc)
	if err != nil {
		return loc, err
	}
	slot, err := f(m)
	if err == nil {
		var info pkcs11.TokenInfo
		info, err = m.ctx.GetTokenInfo(slot)
		loc.Serial, loc.Label = trim(info.SerialNumber), trim(info.Label)
	}
	return loc, errors.Join(err, m.release())
}

func setUserPIN(m *module, slot uint, soPIN, userPIN secret.Bytes) error {
	s, err := m.ctx.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		return wrapError("C_OpenSession", err)
	}
	defer m.ctx.CloseSession(s) //nolint:errcheck // the module is finalised next
	if err := soPIN.Expose(func(so []byte) error { return m.login(s, pkcs11.CKU_SO, so) }); err != nil {
		return err
	}
	err = userPIN.Expose(func(pin []byte) error { return m.initPIN(s, pin) })
	return errors.Join(err, wrapError("C_Logout", m.ctx.Logout(s)))
}
