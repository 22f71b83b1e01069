// A PKCS#11 module for tests: it passes every call on to the module that
// KEYRITE_LIAR_TARGET names, and tells the lie that KEYRITE_LIAR names. Each lie is
// one that a token was seen to tell, or a fault that a room can meet.
// Numbers are those of PKCS#11 v2.40, pkcs11t.h and pkcs11f.h.
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long ul;
typedef struct { ul type; void *value; ul len; } attr;
typedef struct { ul mechanism; void *param; ul len; } mech;
typedef struct { ul hash, mgf, source; void *label; ul len; } oaep;
typedef struct { unsigned char major, minor; void *f[68]; } list;

enum {
	GET_TOKEN_INFO = 6, GET_MECHANISM_LIST = 7, LOGIN = 18, DESTROY_OBJECT = 22, GET_ATTRIBUTE_VALUE = 24,
	SET_ATTRIBUTE_VALUE = 25, FIND_OBJECTS_INIT = 26, SIGN_INIT = 42, GENERATE_KEY = 58, WRAP_KEY = 60, UNWRAP_KEY = 61
};
enum {
	CKA_VALUE = 0x11, CKA_SENSITIVE = 0x103, CKA_MODULUS = 0x120,
	CKM_OAEP = 0x9, CKM_SHA1 = 0x220, CKM_SHA256 = 0x250, CKM_AES_CMAC = 0x108A,
	CKF_PIN_PAD = 0x100, CKF_COUNT_LOW = 0x10000, CKF_FINAL_TRY = 0x20000, CKF_LOCKED = 0x40000,
	CKR_SENSITIVE = 0x11, CKR_DEVICE_ERROR = 0x30, CKR_REMOVED = 0x32, CKR_MECHANISM_INVALID = 0x70, CKR_PIN_LOCKED = 0xA4
};

static list *real, mine;
static int destroyed;

static int lie(const char *name) {
	const char *told = getenv("KEYRITE_LIAR");
	return told && !strcmp(told, name);
}

// pulled tells whether the cable was: the test makes a file of that name.
static int pulled(void) {
	const char *file = getenv("KEYRITE_LIAR_CABLE");
	return file && !access(file, F_OK);
}

#define REAL(i, ...) ((ul (*)(__VA_ARGS__))real->f[i])

static ul token_info(ul slot, unsigned char *info) {
	if (pulled()) return CKR_REMOVED;
	ul rv = REAL(GET_TOKEN_INFO, ul, unsigned char *)(slot, info);
	ul flags;
	memcpy(&flags, info + 96, sizeof flags); // after label, manufacturer, model, serial
	if (lie("pad")) flags |= CKF_PIN_PAD;
	if (lie("final")) flags |= CKF_COUNT_LOW | CKF_FINAL_TRY;
	if (lie("locked")) flags |= CKF_LOCKED;
	memcpy(info + 96, &flags, sizeof flags);
	return rv;
}

static ul mechanism_list(ul slot, ul *m, ul *n) {
	ul rv = REAL(GET_MECHANISM_LIST, ul, ul *, ul *)(slot, m, n);
	for (ul i = 0; lie("no-cmac") && !rv && m && i < *n; i++)
		if (m[i] == CKM_AES_CMAC) m[i] = CKM_SHA1;
	return rv;
}

static ul login(ul session, ul user, unsigned char *pin, ul len) {
	if (lie("locked")) return CKR_PIN_LOCKED;
	if (lie("pad")) { // a person types the right one; a PIN in the call is an error
		if (pin || len) return CKR_DEVICE_ERROR;
		pin = (unsigned char *)getenv("KEYRITE_LIAR_PIN");
		len = strlen((char *)pin);
	}
	return REAL(LOGIN, ul, ul, unsigned char *, ul)(session, user, pin, len);
}

static ul destroy_object(ul session, ul object) {
	if (pulled()) return CKR_REMOVED;
	destroyed = 1;
	if (lie("keeps")) return 0;
	return REAL(DESTROY_OBJECT, ul, ul)(session, object);
}

static ul get_attribute(ul session, ul object, attr *t, ul n) {
	if (pulled()) return CKR_REMOVED;
	if (lie("hides") && t[0].type == CKA_VALUE) return CKR_SENSITIVE;
	ul rv = REAL(GET_ATTRIBUTE_VALUE, ul, ul, attr *, ul)(session, object, t, n);
	if (lie("other-modulus") && !rv && t[0].type == CKA_MODULUS && t[0].value) ((unsigned char *)t[0].value)[9] ^= 1;
	return rv;
}

static ul set_attribute(ul session, ul object, attr *t, ul n) {
	if (lie("stays-loose")) return 0;
	return REAL(SET_ATTRIBUTE_VALUE, ul, ul, attr *, ul)(session, object, t, n);
}

static ul find_init(ul session, attr *t, ul n) {
	if (pulled()) return CKR_REMOVED;
	if (lie("blind") && destroyed) return CKR_DEVICE_ERROR;
	return REAL(FIND_OBJECTS_INIT, ul, attr *, ul)(session, t, n);
}

static ul sign_init(ul session, mech *m, ul key) {
	if (pulled()) return CKR_REMOVED;
	if (lie("no-cmac") && m->mechanism == CKM_AES_CMAC) return CKR_MECHANISM_INVALID;
	return REAL(SIGN_INIT, ul, mech *, ul)(session, m, key);
}

// loosen makes a key readable that was asked not to be.
static void loosen(attr *t, ul n) {
	for (ul i = 0; i < n; i++)
		if (t[i].type == CKA_SENSITIVE) *(unsigned char *)t[i].value = 0;
}

static ul generate(ul session, mech *m, attr *t, ul n, ul *key) {
	if (pulled()) return CKR_REMOVED;
	if (lie("loose-generate")) loosen(t, n);
	return REAL(GENERATE_KEY, ul, mech *, attr *, ul, ul *)(session, m, t, n, key);
}

static ul wrap(ul session, mech *m, ul wrapper, ul key, unsigned char *out, ul *len) {
	if (pulled()) return CKR_REMOVED;
	mech other = *m;
	oaep p;
	if (lie("other-hash") && m->mechanism == CKM_OAEP && ((oaep *)m->param)->hash == CKM_SHA256) {
		p = *(oaep *)m->param;
		p.hash = CKM_SHA1;
		p.mgf = 1;
		other.param = &p;
	}
	ul rv = REAL(WRAP_KEY, ul, mech *, ul, ul, unsigned char *, ul *)(session, &other, wrapper, key, out, len);
	if (lie("short") && !rv && out && m->mechanism == CKM_OAEP) *len -= 1;
	return rv;
}

static ul unwrap(ul session, mech *m, ul key, unsigned char *blob, ul len, attr *t, ul n, ul *out) {
	if (pulled()) return CKR_REMOVED;
	if (lie("loose-unwrap") || lie("stays-loose")) loosen(t, n);
	return REAL(UNWRAP_KEY, ul, mech *, ul, unsigned char *, ul, attr *, ul, ul *)(session, m, key, blob, len, t, n, out);
}

static ul function_list(list **out) {
	*out = &mine;
	return 0;
}

ul C_GetFunctionList(list **out) {
	if (!real) {
		void *lib = dlopen(getenv("KEYRITE_LIAR_TARGET"), RTLD_NOW);
		ul (*get)(list **) = lib ? (ul (*)(list **))dlsym(lib, "C_GetFunctionList") : 0;
		if (!get || get(&real)) return CKR_DEVICE_ERROR;
		mine = *real;
		mine.f[3] = (void *)function_list;
		mine.f[GET_TOKEN_INFO] = (void *)token_info;
		mine.f[GET_MECHANISM_LIST] = (void *)mechanism_list;
		mine.f[LOGIN] = (void *)login;
		mine.f[DESTROY_OBJECT] = (void *)destroy_object;
		mine.f[GET_ATTRIBUTE_VALUE] = (void *)get_attribute;
		mine.f[SET_ATTRIBUTE_VALUE] = (void *)set_attribute;
		mine.f[FIND_OBJECTS_INIT] = (void *)find_init;
		mine.f[SIGN_INIT] = (void *)sign_init;
		mine.f[GENERATE_KEY] = (void *)generate;
		mine.f[WRAP_KEY] = (void *)wrap;
		mine.f[UNWRAP_KEY] = (void *)unwrap;
	}
	return function_list(out);
}
