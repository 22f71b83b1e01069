package keywrap

import (
	"crypto/rsa"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"fmt"
)

// The RSA keys of the preflight are public: they stand in for the cloud's key
// and only ever open throwaway keys. A fresh pair of the same size would prove
// the same bytes, a second later.
//
//go:embed published.pem
var published []byte

// PublishedKey is the published pair of a cloud's wrapping key spec, "RSA_4096".
// Nothing may be wrapped under it but throwaway keys.
func PublishedKey(spec string) (*rsa.PrivateKey, error) {
	for rest := published; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, fmt.Errorf("wrapping key spec %q is not one that this program drives", spec)
		}
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("the preflight's keys are damaged: %w", err)
		}
		key, ok := parsed.(*rsa.PrivateKey)
		if ok && fmt.Sprintf("RSA_%d", key.Size()*8) == spec {
			return key, nil
		}
	}
}
