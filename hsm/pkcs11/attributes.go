package pkcs11

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"

	"keyrite.dev/keyrite/ceremony"
)

// A template is what a key must be: written explicitly, and read back.
type template []attribute

type attribute struct {
	typ   uint
	name  string
	value any // bool, uint, []byte, string
}

func yes(typ uint, name string) attribute { return attribute{typ, name, true} }
func no(typ uint, name string) attribute  { return attribute{typ, name, false} }

func (t template) list() []*pkcs11.Attribute {
	out := make([]*pkcs11.Attribute, 0, len(t))
	for _, a := range t {
		out = append(out, pkcs11.NewAttribute(a.typ, a.value))
	}
	return out
}

// with returns t with one attribute's value changed.
func (t template) with(typ uint, value any) template {
	out := append(template(nil), t...)
	for i := range out {
		if out[i].typ == typ {
			out[i].value = value
		}
	}
	return out
}

// get reads one attribute; the binding answers nothing at all when one of
// several is missing, so they are read one at a time.
func (t *Token) get(h pkcs11.ObjectHandle, typ uint) ([]byte, error) {
	v, err := t.mod.ctx.GetAttributeValue(t.session, h, []*pkcs11.Attribute{pkcs11.NewAttribute(typ, nil)})
	if err != nil {
		return nil, wrapError("C_GetAttributeValue", err)
	}
	return v[0].Value, nil
}

// number reads a CK_ULONG, which is 4 bytes long on Windows and 8 elsewhere.
func (t *Token) number(h pkcs11.ObjectHandle, typ uint) uint {
	v, err := t.get(h, typ)
	if err != nil {
		return pkcs11.CK_UNAVAILABLE_INFORMATION
	}
	switch len(v) {
	case 4:
		return uint(binary.NativeEndian.Uint32(v))
	case 8:
		return uint(binary.NativeEndian.Uint64(v))
	default:
		return pkcs11.CK_UNAVAILABLE_INFORMATION
	}
}

// readBack compares every attribute with what was asked for.
func (t *Token) readBack(h pkcs11.ObjectHandle, want template) error {
	for _, a := range want {
		v, err := t.get(h, a.typ)
		if err != nil {
			return fmt.Errorf("%s cannot be read back: %w", a.name, err)
		}
		if !a.is(v) {
			return fmt.Errorf("the HSM was asked for %s=%s and made another", a.name, a.text())
		}
	}
	return nil
}

// is compares a value that was read. CK_TRUE is any byte but zero.
func (a attribute) is(v []byte) bool {
	if asked, ok := a.value.(bool); ok {
		return len(v) == 1 && (v[0] != 0) == asked
	}
	return bytes.Equal(v, pkcs11.NewAttribute(a.typ, a.value).Value)
}

func (a attribute) text() string {
	if b, ok := a.value.([]byte); ok {
		return hex.EncodeToString(b)
	}
	return fmt.Sprint(a.value)
}

// settle reads a new object back and destroys it if it is not what was asked.
func (t *Token) settle(h pkcs11.ObjectHandle, want template) error {
	if err := t.readBack(h, want); err != nil {
		return errors.Join(err, t.destroyHandle(h))
	}
	return nil
}

// tighten is settle for an object that came from outside. Some tokens ignore
// parts of such a template, so what may only ever become stricter is set once
// more. A key that was generated looser has no such chance: it was readable.
func (t *Token) tighten(h pkcs11.ObjectHandle, want template) error {
	if t.readBack(h, want) == nil {
		return nil
	}
	for _, a := range want {
		if a.typ == pkcs11.CKA_SENSITIVE && a.value == true || a.typ == pkcs11.CKA_EXTRACTABLE && a.value == false {
			// what this answers does not matter: only what is read after counts
			_ = t.mod.ctx.SetAttributeValue(t.session, h, template{a}.list())
		}
	}
	return t.settle(h, want)
}

// reported are the attributes that go into the record.
func reported() []struct {
	typ  uint
	name string
} {
	return []struct {
		typ  uint
		name string
	}{
		{pkcs11.CKA_TOKEN, "CKA_TOKEN"},
		{pkcs11.CKA_PRIVATE, "CKA_PRIVATE"},
		{pkcs11.CKA_SENSITIVE, "CKA_SENSITIVE"},
		{pkcs11.CKA_ALWAYS_SENSITIVE, "CKA_ALWAYS_SENSITIVE"},
		{pkcs11.CKA_EXTRACTABLE, "CKA_EXTRACTABLE"},
		{pkcs11.CKA_NEVER_EXTRACTABLE, "CKA_NEVER_EXTRACTABLE"},
		{pkcs11.CKA_LOCAL, "CKA_LOCAL"},
		{pkcs11.CKA_ENCRYPT, "CKA_ENCRYPT"},
		{pkcs11.CKA_DECRYPT, "CKA_DECRYPT"},
		{pkcs11.CKA_SIGN, "CKA_SIGN"},
		{pkcs11.CKA_VERIFY, "CKA_VERIFY"},
		{pkcs11.CKA_WRAP, "CKA_WRAP"},
		{pkcs11.CKA_UNWRAP, "CKA_UNWRAP"},
		{pkcs11.CKA_DERIVE, "CKA_DERIVE"},
	}
}

func (t *Token) attributes(h pkcs11.ObjectHandle) ceremony.Attributes {
	out := ceremony.Attributes{}
	for _, a := range reported() {
		v, err := t.get(h, a.typ)
		switch {
		case err != nil:
			out[a.name] = "not known"
		case len(v) == 1:
			out[a.name] = fmt.Sprint(v[0] != 0)
		default:
			out[a.name] = hex.EncodeToString(v)
		}
	}
	return out
}

func className(c uint) string {
	names := map[uint]string{
		pkcs11.CKO_DATA: "CKO_DATA", pkcs11.CKO_CERTIFICATE: "CKO_CERTIFICATE", pkcs11.CKO_PUBLIC_KEY: "CKO_PUBLIC_KEY",
		pkcs11.CKO_PRIVATE_KEY: "CKO_PRIVATE_KEY", pkcs11.CKO_SECRET_KEY: "CKO_SECRET_KEY",
	}
	if n, ok := names[c]; ok {
		return n
	}
	return fmt.Sprintf("0x%X", c)
}

func typeName(k uint) string {
	names := map[uint]string{
		pkcs11.CKK_AES: "CKK_AES", pkcs11.CKK_GENERIC_SECRET: "CKK_GENERIC_SECRET", pkcs11.CKK_RSA: "CKK_RSA", pkcs11.CKK_EC: "CKK_EC",
		pkcs11.CK_UNAVAILABLE_INFORMATION: "",
	}
	if n, ok := names[k]; ok {
		return n
	}
	return fmt.Sprintf("0x%X", k)
}
