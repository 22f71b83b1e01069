package pkcs11

/*
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long ul;
typedef struct { ul type; void *value; ul len; } attr;
typedef struct { unsigned char major, minor; } version;

// The start of CK_FUNCTION_LIST (PKCS#11 v2.40, pkcs11f.h): the version, then the
// functions in the standard's order.
enum { INIT_TOKEN = 9, INIT_PIN = 10, LOGIN = 18, CREATE_OBJECT = 20, GET_ATTRIBUTE_VALUE = 24 };
typedef struct { version v; void *f[68]; } list;
typedef ul (*get_list)(list **);
typedef ul (*init_token)(ul slot, unsigned char *pin, ul len, unsigned char *label);
typedef ul (*init_pin)(ul session, unsigned char *pin, ul len);
typedef ul (*login)(ul session, ul user, unsigned char *pin, ul len);
typedef ul (*create_object)(ul session, attr *t, ul n, ul *handle);
typedef ul (*get_attribute)(ul session, ul object, attr *t, ul n);

// keyrite_functions is the list of a module that the binding has loaded and
// keeps loaded; 0 if it is not to be found.
static list *keyrite_functions(const char *path) {
	void *lib = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
	if (!lib) return 0;
	get_list g = (get_list)dlsym(lib, "C_GetFunctionList");
	list *l = 0;
	if (!g || g(&l)) l = 0;
	dlclose(lib);
	return l;
}

static ul keyrite_init_token(list *l, ul slot, unsigned char *pin, ul len, unsigned char *label) {
	return ((init_token)l->f[INIT_TOKEN])(slot, pin, len, label);
}

static ul keyrite_init_pin(list *l, ul session, unsigned char *pin, ul len) {
	return ((init_pin)l->f[INIT_PIN])(session, pin, len);
}

static ul keyrite_login(list *l, ul session, ul user, unsigned char *pin, ul len) {
	return ((login)l->f[LOGIN])(session, user, pin, len);
}

// keyrite_read reads CKA_VALUE straight into out.
static ul keyrite_read(list *l, ul session, ul object, unsigned char *out, ul *len) {
	attr a = { 0x11, out, *len };
	ul rv = ((get_attribute)l->f[GET_ATTRIBUTE_VALUE])(session, object, &a, 1);
	*len = a.len;
	return rv;
}

// keyrite_create makes an object from a template whose last place is for
// CKA_VALUE, which is read straight from key.
static ul keyrite_create(list *l, ul session, attr *t, ul n, unsigned char *key, ul len, ul *handle) {
	t[n].type = 0x11;
	t[n].value = key;
	t[n].len = len;
	return ((create_object)l->f[CREATE_OBJECT])(session, t, n + 1, handle);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/miekg/pkcs11"

	"keyrite.dev/keyrite/ceremony/secret"
)

// The calls that carry PINs and key bytes do not go through the binding: it
// takes PINs as Go strings, and frees its copies in C memory without wiping.
// Here C is given the caller's own bytes, for the length of the call.

var errNoList = errors.New("the module's function list cannot be found again")

func (m *module) functions() (*C.list, error) {
	path := C.CString(m.path)
	defer C.free(unsafe.Pointer(path))
	if l := C.keyrite_functions(path); l != nil {
		return l, nil
	}
	return nil, errNoList
}

// direct calls f with the module's functions, and clears what memcpy left in
// vector registers, which the next signal would store on a stack: entering and
// leaving runtime/secret does.
func (m *module) direct(function string, f func(l *C.list) C.ul) error {
	l, err := m.functions()
	if err != nil {
		return err
	}
	rv := f(l)
	secret.Do(func() {})
	if rv != 0 {
		return wrapError(function, pkcs11.Error(rv))
	}
	return nil
}

// bytesOf is b for C; nil for an empty b, as C_Login wants it for a PIN pad.
func bytesOf(b []byte) *C.uchar {
	if len(b) == 0 {
		return nil
	}
	return (*C.uchar)(unsafe.Pointer(&b[0]))
}

// login logs user in. An empty pin has the token ask at its own pad.
func (m *module) login(s pkcs11.SessionHandle, user uint, pin []byte) error {
	return m.direct("C_Login", func(l *C.list) C.ul {
		return C.keyrite_login(l, C.ul(s), C.ul(user), bytesOf(pin), C.ul(len(pin)))
	})
}

// initPIN sets the user PIN, logged in as security officer.
func (m *module) initPIN(s pkcs11.SessionHandle, pin []byte) error {
	return m.direct("C_InitPIN", func(l *C.list) C.ul { return C.keyrite_init_pin(l, C.ul(s), bytesOf(pin), C.ul(len(pin))) })
}

// initToken initialises the token in slot. Labels are 32 bytes, padded with
// spaces (PKCS#11 v2.40 §5.5).
func (m *module) initToken(slot uint, pin []byte, label string) error {
	if len(label) > 32 {
		return fmt.Errorf("invalid token label of %d bytes: at most 32", len(label))
	}
	padded := []byte(fmt.Sprintf("%-32s", label))
	return m.direct("C_InitToken", func(l *C.list) C.ul {
		return C.keyrite_init_token(l, C.ul(slot), bytesOf(pin), C.ul(len(pin)), bytesOf(padded))
	})
}

// readValue reads CKA_VALUE of exactly len(out) bytes. On an error out is clear.
func (t *Token) readValue(h pkcs11.ObjectHandle, out []byte) error {
	if len(out) == 0 {
		return errors.New("invalid buffer: it has no room for a key")
	}
	n := C.ul(len(out))
	err := t.mod.direct("C_GetAttributeValue", func(l *C.list) C.ul {
		return C.keyrite_read(l, C.ul(t.session), C.ul(h), bytesOf(out), &n)
	})
	if err == nil && int(n) != len(out) { //nolint:gosec // a length
		err = fmt.Errorf("the HSM released %d bytes, want %d", n, len(out))
	}
	if err != nil {
		clear(out)
	}
	return err
}

// createSecret makes a secret key object whose value is read from key in place.
func (t *Token) createSecret(want template, key []byte) (pkcs11.ObjectHandle, error) {
	attrs := want.list()
	block := C.calloc(C.size_t(len(attrs)+1), C.size_t(unsafe.Sizeof(C.attr{})))
	defer C.free(block)
	list := unsafe.Slice((*C.attr)(block), len(attrs)+1)
	for i, a := range attrs {
		value := C.CBytes(a.Value)
		defer C.free(value)
		list[i] = C.attr{_type: C.ul(a.Type), value: value, len: C.ul(len(a.Value))}
	}
	var h C.ul
	err := t.mod.direct("C_CreateObject", func(l *C.list) C.ul {
		return C.keyrite_create(l, C.ul(t.session), (*C.attr)(block), C.ul(len(attrs)), bytesOf(key), C.ul(len(key)), &h)
	})
	return pkcs11.ObjectHandle(h), err
}
