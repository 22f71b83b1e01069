package rehearsal

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"strings"
)

// A ciphertext of this cloud: 01, key id (16 bytes), material id (32), nonce (12),
// AES-256-GCM under the material, with all before the nonce and the encryption
// context as associated data. The real layout is not published.
const (
	headerSize = 1 + 16 + 32
	nonceSize  = 12
	tagSize    = 16
)

type encryptAnswer struct {
	Ciphertext []byte `json:"CiphertextBlob"`
	Algorithm  string `json:"EncryptionAlgorithm"`
	KeyID      string `json:"KeyId"`
}

type decryptAnswer struct {
	Algorithm  string `json:"EncryptionAlgorithm"`
	KeyID      string `json:"KeyId"`
	MaterialID string `json:"KeyMaterialId"`
	Plaintext  []byte `json:"Plaintext"`
}

// ready finds a key for a cryptographic operation, with its material.
func (s *Server) ready(name, region, operation string, mac bool) (*key, *material, error) {
	k, err := s.find(name, region)
	switch {
	case err != nil:
		return nil, nil, err
	case k.symmetric() == mac:
		return nil, nil, wrongUsage(k, operation)
	case k.state(s.cfg.Now()) != stateEnabled:
		return nil, nil, pendingImport(k)
	}
	return k, k.current(), nil
}

func (s *Server) encrypt(_ context.Context, r *request) (any, error) {
	name, plaintext := r.keyID(), r.blob("Plaintext", maxPlaintext)
	r.choice("EncryptionAlgorithm", "SYMMETRIC_DEFAULT", "SYMMETRIC_DEFAULT")
	bound := r.texts("EncryptionContext")
	if err := r.err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, m, err := s.ready(name, r.region, "Encrypt", false)
	if err != nil {
		return nil, err
	}
	header, err := headerOf(k, m)
	if err != nil {
		return nil, err
	}
	aead, err := gcm(m.value)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, nonceSize)
	_, _ = rand.Read(nonce) // never fails since Go 1.24
	blob := aead.Seal(append(header, nonce...), nonce, plaintext, associated(header, bound))
	return encryptAnswer{Ciphertext: blob, Algorithm: "SYMMETRIC_DEFAULT", KeyID: k.arn}, nil
}

func headerOf(k *key, m *material) ([]byte, error) {
	return hex.DecodeString("01" + strings.ReplaceAll(k.id, "-", "") + m.id)
}

func gcm(value []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(value)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// associated is header and encryption context; encoding/json sorts a map's keys.
func associated(header []byte, bound map[string]string) []byte {
	if len(bound) == 0 {
		bound = map[string]string{}
	}
	text, _ := json.Marshal(bound) // cannot fail for texts
	return append(append([]byte{}, header...), text...)
}

// decrypt needs no key id: the ciphertext names its key.
func (s *Server) decrypt(_ context.Context, r *request) (any, error) {
	blob := r.blob("CiphertextBlob", maxCiphertext)
	name := r.text("KeyId", 0, maxKeyID)
	r.choice("EncryptionAlgorithm", "SYMMETRIC_DEFAULT", "SYMMETRIC_DEFAULT")
	bound := r.texts("EncryptionContext")
	if err := r.err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, m, err := s.keyOf(blob, r.region)
	if err != nil {
		return nil, err
	}
	if name != "" {
		named, err := s.find(name, r.region)
		if err != nil {
			return nil, err
		}
		if named != k {
			return nil, newFault("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
		}
	}
	if k.state(s.cfg.Now()) != stateEnabled {
		return nil, pendingImport(k)
	}
	aead, err := gcm(m.value)
	if err != nil {
		return nil, err
	}
	header, nonce, sealed := blob[:headerSize], blob[headerSize:headerSize+nonceSize], blob[headerSize+nonceSize:]
	plaintext, err := aead.Open(nil, nonce, sealed, associated(header, bound))
	if err != nil {
		return nil, invalidCiphertext()
	}
	return decryptAnswer{Algorithm: "SYMMETRIC_DEFAULT", KeyID: k.arn, MaterialID: m.id, Plaintext: plaintext}, nil
}

// keyOf finds key and material by a ciphertext's header.
func (s *Server) keyOf(blob []byte, region string) (*key, *material, error) {
	if len(blob) < headerSize+nonceSize+tagSize || blob[0] != 1 {
		return nil, nil, invalidCiphertext()
	}
	id := fmt.Sprintf("%x-%x-%x-%x-%x", blob[1:5], blob[5:7], blob[7:9], blob[9:11], blob[11:17])
	k := s.keys[id]
	if k == nil || k.region != region || !k.symmetric() {
		return nil, nil, invalidCiphertext()
	}
	m := k.material(hex.EncodeToString(blob[17:headerSize]))
	if m == nil {
		return nil, nil, invalidCiphertext()
	}
	return k, m, nil
}

type macAnswer struct {
	KeyID     string `json:"KeyId"`
	Mac       []byte `json:"Mac,omitempty"`
	Algorithm string `json:"MacAlgorithm"`
	Valid     bool   `json:"MacValid,omitempty"`
}

func (s *Server) generateMac(_ context.Context, r *request) (any, error) {
	return s.tag(r, "GenerateMac", nil)
}

func (s *Server) verifyMac(_ context.Context, r *request) (any, error) {
	want := r.blob("Mac", maxMaterial)
	return s.tag(r, "VerifyMac", want)
}

// tag makes a MAC, or compares it with want.
func (s *Server) tag(r *request, operation string, want []byte) (any, error) {
	name, message := r.keyID(), r.blob("Message", maxPlaintext)
	algorithm := r.choice("MacAlgorithm", "", "HMAC_SHA_224", "HMAC_SHA_256", "HMAC_SHA_384", "HMAC_SHA_512")
	if err := r.err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, m, err := s.ready(name, r.region, operation, true)
	if err != nil {
		return nil, err
	}
	if algorithm != k.kind.mac {
		return nil, newFault("InvalidKeyUsageException", "Algorithm %s is incompatible with key spec %s.", algorithm, k.spec)
	}
	mac := hmac.New(hashOf(algorithm), m.value)
	mac.Write(message)
	answer := macAnswer{KeyID: k.arn, Algorithm: algorithm}
	switch sum := mac.Sum(nil); {
	case want == nil:
		answer.Mac = sum
	case hmac.Equal(sum, want):
		answer.Valid = true
	default:
		return nil, newFault("KMSInvalidMacException", "")
	}
	return answer, nil
}

func hashOf(algorithm string) func() hash.Hash {
	switch algorithm {
	case "HMAC_SHA_224":
		return sha256.New224
	case "HMAC_SHA_256":
		return sha256.New
	case "HMAC_SHA_384":
		return sha512.New384
	default:
		return sha512.New
	}
}
