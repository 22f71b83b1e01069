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
// functions in the standard's order. C_CreateObject is the 21st (index 20),
// C_GetAttributeValue the 25th (index 24).
typedef struct { version v; void *f[68]; } list;
typedef ul (*get_list)(list **);
typedef ul (*create_object)(ul session, attr *t, ul n, ul *handle);
typedef ul (*get_attribute)(ul session, ul object, attr *t, ul n);

static list *functions(const char *path) {
	void *lib = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
	if (!lib) return 0;
	get_list g = (get_list)dlsym(lib, "C_GetFunctionList");
	list *l = 0;
	if (!g || g(&l)) l = 0;
	dlclose(lib); // the binding keeps it loaded
	return l;
}

// keyrite_read reads CKA_VALUE straight into out.
static ul keyrite_read(const char *path, ul session, ul object, unsigned char *out, ul *len) {
	list *l = functions(path);
	if (!l) return ~0ul;
	attr a = { 0x11, out, *len };
	ul rv = ((get_attribute)l->f[24])(session, object, &a, 1);
	*len = a.len;
	return rv;
}

// keyrite_create makes an object from bools and bytes, with CKA_VALUE straight
// from key.
static ul keyrite_create(const char *path, ul session, attr *t, ul n, unsigned char *key, ul len, ul *handle) {
	list *l = functions(path);
	if (!l) return ~0ul;
	t[n].type = 0x11;
	t[n].value = key;
	t[n].len = len;
	return ((create_object)l->f[20])(session, t, n + 1, handle);
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

var errNoList = errors.New("the module's function list cannot be found again")

// readValue reads CKA_VALUE of exactly len(out) bytes.
func (t *Token) readValue(h pkcs11.ObjectHandle, out []byte) error {
	path := C.CString(t.mod.path)
	defer C.free(unsafe.Pointer(path))
	n := C.ul(len(out))
	rv := C.keyrite_read(path, C.ul(t.session), C.ul(h), (*C.uchar)(unsafe.Pointer(&out[0])), &n)
	scrubRegisters()
	switch {
	case rv == ^C.ul(0):
		return errNoList
	case rv != 0:
		return wrapError("C_GetAttributeValue", pkcs11.Error(rv))
	case int(n) != len(out): //nolint:gosec // a length
		return fmt.Errorf("the HSM released %d bytes, want %d", n, len(out))
	}
	return nil
}

// createSecret makes a secret key object whose value is read from key in place:
// the binding would copy it into C memory that it frees without wiping.
func (t *Token) createSecret(want template, key []byte) (pkcs11.ObjectHandle, error) {
	path := C.CString(t.mod.path)
	defer C.free(unsafe.Pointer(path))
	attrs := want.list()
	size := C.size_t(len(attrs)+1) * C.size_t(unsafe.Sizeof(C.attr{}))
	block := C.malloc(size)
	defer C.free(block)
	list := unsafe.Slice((*C.attr)(block), len(attrs)+1)
	for i, a := range attrs {
		value := C.CBytes(a.Value)
		defer C.free(value)
		list[i] = C.attr{_type: C.ul(a.Type), value: value, len: C.ul(len(a.Value))}
	}
	var h C.ul
	rv := C.keyrite_create(path, C.ul(t.session), (*C.attr)(block), C.ul(len(attrs)), (*C.uchar)(unsafe.Pointer(&key[0])), C.ul(len(key)), &h)
	scrubRegisters()
	switch {
	case rv == ^C.ul(0):
		return 0, errNoList
	case rv != 0:
		return 0, wrapError("C_CreateObject", pkcs11.Error(rv))
	}
	return pkcs11.ObjectHandle(h), nil
}

// scrubRegisters clears what memcpy left in vector registers, which the next
// signal would store on a stack: entering and leaving runtime/secret does.
func scrubRegisters() { secret.Do(func() {}) }
