package rehearsal

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // RSAES_OAEP_SHA_1 is one of the API's algorithms
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"hash"
	"time"
)

// An oaepHash is the hash of RSAES-OAEP and of its MGF1.
type oaepHash int

const (
	oaepSHA1 oaepHash = iota + 1
	oaepSHA256
)

func (h oaepHash) new() hash.Hash {
	if h == oaepSHA1 {
		return sha1.New() //nolint:gosec // the API's algorithm
	}
	return sha256.New()
}

const pairIDSize = 32

// A pair is a wrapping key and its import token, which belong to one KMS key.
type pair struct {
	key     string // id of the KMS key
	private *rsa.PrivateKey
	hash    oaepHash
	token   []byte
	validTo time.Time
	used    bool
}

type parametersAnswer struct {
	ImportToken []byte `json:"ImportToken"`
	KeyID       string `json:"KeyId"`
	ValidTo     *epoch `json:"ParametersValidTo"`
	PublicKey   []byte `json:"PublicKey"`
}

// getParametersForImport makes a new pair at every call; earlier ones stay good.
func (s *Server) getParametersForImport(ctx context.Context, r *request) (any, error) {
	name := r.keyID()
	algorithm := r.choice("WrappingAlgorithm", "", wrappingAlgorithms()...)
	keySpec := r.choice("WrappingKeySpec", "", "RSA_2048", "RSA_3072", "RSA_4096", "SM2")
	if err := r.err(); err != nil {
		return nil, err
	}
	arn, id, err := s.importTarget(name, r.region, algorithm, keySpec)
	if err != nil {
		return nil, err
	}
	private, err := s.pool.take(ctx, keySpec) // without the lock: it may take a second
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return nil, err
	}
	p := &pair{
		key: id, private: private, hash: hashFor(algorithm), token: newToken(tokenBytes(keySpec)),
		validTo: s.cfg.Now().Add(parameterHours * time.Hour).UTC().Truncate(time.Millisecond),
	}
	if err := s.keepPair(p); err != nil {
		return nil, err
	}
	return parametersAnswer{ImportToken: p.token, KeyID: arn, ValidTo: at(p.validTo), PublicKey: public}, nil
}

// importTarget finds the key that parameters are wanted for and holds the
// combination against the matrix.
func (s *Server) importTarget(name, region, algorithm, keySpec string) (arn, id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.find(name, region)
	switch {
	case err != nil:
		return "", "", err
	case k.origin != "EXTERNAL":
		return "", "", wrongOrigin(k)
	case algorithm == "RSAES_PKCS1_V1_5":
		return "", "", newFault("UnsupportedOperationException", "Wrapping algorithm RSAES_PKCS1_V1_5 is no longer supported.")
	case hashFor(algorithm) == 0 || wrappingBits(keySpec) == 0:
		return "", "", validation("Wrapping algorithm %s and wrapping key spec %s cannot be used to import a %s key", algorithm, keySpec, k.spec)
	}
	return k.arn, k.id, nil
}

// newToken is n random bytes that begin as KMS's own blobs do. The first
// pairIDSize after that find the pair again.
func newToken(n int) []byte {
	token := make([]byte, n)
	_, _ = rand.Read(token) // never fails since Go 1.24
	token[0] = 1
	return token
}

func pairID(token []byte) (id [pairIDSize]byte, ok bool) {
	if len(token) < 1+pairIDSize {
		return id, false
	}
	copy(id[:], token[1:])
	return id, true
}

func (s *Server) keepPair(p *pair) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pairs) >= maxPairs {
		return newFault("LimitExceededException", "")
	}
	id, _ := pairID(p.token)
	s.pairs[id] = p
	return nil
}

// pairFor finds a token's pair. The whole token counts, and it must be k's.
func (s *Server) pairFor(token []byte, k *key) (*pair, error) {
	id, ok := pairID(token)
	p := s.pairs[id]
	switch {
	case !ok || p == nil || subtle.ConstantTimeCompare(p.token, token) != 1:
		return nil, invalidToken()
	case p.key != k.id:
		return nil, invalidToken()
	case !s.cfg.Now().Before(p.validTo):
		return nil, expiredToken()
	case p.used && s.cfg.SingleUse:
		return nil, invalidToken()
	}
	return p, nil
}

// unwrap opens RSAES-OAEP with an empty label (RFC 8017, section 7.1.2).
func (p *pair) unwrap(blob []byte) ([]byte, error) {
	if len(blob) != p.private.Size() {
		return nil, validation("Invalid encrypted key size.")
	}
	value, err := rsa.DecryptOAEP(p.hash.new(), nil, p.private, blob, nil)
	if err != nil {
		return nil, invalidCiphertext()
	}
	return value, nil
}
