package rehearsal

import "regexp"

// wrappingBits is the modulus of a wrapping key spec outside China ("Download the
// wrapping public key and import token", step 1); 0 for other words.
func wrappingBits(keySpec string) int {
	switch keySpec {
	case "RSA_2048":
		return 2048
	case "RSA_3072":
		return 3072
	case "RSA_4096":
		return 4096
	default:
		return 0
	}
}

// tokenBytes is how long tokens of the real service were seen to be, by wrapping
// key spec; RSA_3072 is a guess between the two.
func tokenBytes(keySpec string) int {
	switch keySpec {
	case "RSA_2048":
		return 1757
	case "RSA_3072":
		return 2611
	default:
		return 3465
	}
}

// A keyKind is one KeySpec of the API.
type keyKind struct {
	bytes int    // of key material
	usage string // the one KeyUsage
	mac   string // the one MacAlgorithm, "" for an encryption key
}

// kindOf is what a KeySpec stands for, if this server has such keys.
func kindOf(spec string) (kind keyKind, ok bool) {
	switch spec {
	case "SYMMETRIC_DEFAULT":
		return keyKind{32, "ENCRYPT_DECRYPT", ""}, true
	case "HMAC_224":
		return keyKind{28, "GENERATE_VERIFY_MAC", "HMAC_SHA_224"}, true
	case "HMAC_256":
		return keyKind{32, "GENERATE_VERIFY_MAC", "HMAC_SHA_256"}, true
	case "HMAC_384":
		return keyKind{48, "GENERATE_VERIFY_MAC", "HMAC_SHA_384"}, true
	case "HMAC_512":
		return keyKind{64, "GENERATE_VERIFY_MAC", "HMAC_SHA_512"}, true
	default:
		return keyKind{}, false
	}
}

// keySpecs are the KeySpecs of the API; [kindOf] knows which of them are here.
func keySpecs() []string {
	return []string{
		"SYMMETRIC_DEFAULT", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512",
		"RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1",
		"ECC_NIST_EDWARDS25519", "ML_DSA_44", "ML_DSA_65", "ML_DSA_87", "ML_KEM_512", "ML_KEM_768", "ML_KEM_1024", "SM2",
	}
}

// wrappingAlgorithms are all that the API's enumeration names.
func wrappingAlgorithms() []string {
	return []string{
		"RSAES_PKCS1_V1_5", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256",
		"RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256", "SM2PKE",
	}
}

// hashFor is the hash of a wrapping algorithm that wraps encryption and HMAC
// keys; 0 for the others.
func hashFor(algorithm string) oaepHash {
	switch algorithm {
	case "RSAES_OAEP_SHA_1":
		return oaepSHA1
	case "RSAES_OAEP_SHA_256":
		return oaepSHA256
	default:
		return 0
	}
}

// Limits of the API model.
const (
	maxKeyID       = 2048
	maxMaterial    = 6144 // EncryptedKeyMaterial and ImportToken, bytes
	maxDescription = 8192 // of a key, characters
	maxNote        = 256  // of key material, characters
	maxPlaintext   = 4096 // Encrypt, bytes; Message of GenerateMac too
	maxCiphertext  = 6144
	maxValidDays   = 365 // ValidTo, from now
	parameterHours = 24  // life of wrapping key and token
	maxPairs       = 10_000
	maxKeys        = 10_000
)

// notePattern is KeyMaterialDescription, idPattern KeyMaterialId.
var (
	notePattern = regexp.MustCompile(`^[a-zA-Z0-9:/_\s.-]+$`)
	idPattern   = regexp.MustCompile(`^[a-f0-9]{64}$`)
)

// The API model's spelling of the two patterns, for the error text.
const (
	noteWords = `[a-zA-Z0-9:/_\s.-]+`
	idWords   = `[a-f0-9]+`
)
