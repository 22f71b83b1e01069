// Package aws is AWS KMS as a destination: what it accepts ([Target], without a
// network) and the calls that fetch parameters, import and prove ([Client]).
//
// It is the only package that knows the AWS SDK. What AWS accepts is after the
// AWS KMS Developer Guide, "Importing key material", and the SDK's own comments;
// transport/rehearsal holds the same facts in tables of its own, so that client
// and server cannot share a mistake.
package aws

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
)

// Limits of the KMS API model, in bytes.
const (
	maxToken = 6144
	maxSPKI  = 8192
)

// A Target is AWS KMS without a network. The zero value is ready.
type Target struct{}

var _ ceremony.Target = Target{}

// CheckWrapping says why AWS KMS refuses a combination of key and wrapping; nil:
// it takes it. Encryption and MAC keys take RSAES-OAEP alone, under RSA of any of
// three sizes ("Requirements for imported key material").
func (Target) CheckWrapping(spec plan.KeySpec, w plan.Wrapping) error {
	if spec.Bytes() == 0 {
		return fmt.Errorf("AWS KMS: %q is no key that can be imported here", spec)
	}
	switch w.Algorithm {
	case "RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1":
	case "RSA_AES_KEY_WRAP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1":
		return fmt.Errorf("AWS KMS takes %s for private keys only; %s needs RSAES_OAEP_SHA_256 or RSAES_OAEP_SHA_1", w.Algorithm, spec)
	case "RSAES_PKCS1_V1_5":
		return errors.New("AWS KMS ended RSAES_PKCS1_V1_5 in October 2023")
	default:
		return fmt.Errorf("AWS KMS has no wrapping algorithm %q", w.Algorithm)
	}
	if modulusBits(w.KeySpec) == 0 {
		return fmt.Errorf("AWS KMS has no wrapping key spec %q for %s", w.KeySpec, spec)
	}
	return nil
}

// modulusBits is the size of a wrapping key of this spec, 0 for none.
func modulusBits(keySpec string) int {
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

// CheckBlob checks that blob can be an RSAES-OAEP ciphertext under set's key:
// exactly as long as the modulus and smaller than it (RFC 8017, section 7.1.2).
func (Target) CheckBlob(blob []byte, set ceremony.ParameterSet) error {
	pub, err := wrappingKey(set.SPKI, set.KeySpec)
	if err != nil {
		return err
	}
	if len(blob) != pub.Size() {
		return fmt.Errorf("wrapped key of %d bytes, want %d under %s", len(blob), pub.Size(), set.KeySpec)
	}
	if n := new(big.Int).SetBytes(blob); n.BitLen() < 2 || n.Cmp(pub.N) >= 0 {
		return errors.New("the wrapped key is not smaller than the modulus of the wrapping key")
	}
	return nil
}

// wrappingKey reads a cloud's public key and holds it against what it is said to
// be. KMS uses exponent 65537 and nothing else.
func wrappingKey(spki []byte, keySpec string) (*rsa.PublicKey, error) {
	if len(spki) > maxSPKI {
		return nil, fmt.Errorf("wrapping key of %d bytes, at most %d", len(spki), maxSPKI)
	}
	parsed, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, errors.New("the wrapping key is not a SubjectPublicKeyInfo")
	}
	pub, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("the wrapping key is %T, want RSA", parsed)
	}
	again, err := x509.MarshalPKIXPublicKey(pub)
	switch bits := modulusBits(keySpec); {
	case err != nil || !bytes.Equal(again, spki):
		return nil, errors.New("the wrapping key is not in the one DER form")
	case bits == 0:
		return nil, fmt.Errorf("wrapping key spec %q is unknown", keySpec)
	case pub.N.BitLen() != bits:
		return nil, fmt.Errorf("the wrapping key has %d bits, but is said to be %s", pub.N.BitLen(), keySpec)
	case pub.E != 65537:
		return nil, fmt.Errorf("the wrapping key has exponent %d, want 65537", pub.E)
	case pub.N.Bit(0) == 0:
		return nil, errors.New("the wrapping key has an even modulus")
	}
	return pub, nil
}

// checkDestination checks that d is one key of AWS KMS, named by its ARN, and
// that the ARN says the same account and Region as d.
func checkDestination(d plan.Destination) error {
	if d.Cloud != plan.CloudAWS {
		return fmt.Errorf("destination is in the cloud %q, not %q", d.Cloud, plan.CloudAWS)
	}
	arn, err := parseARN(d.Key)
	switch {
	case err != nil:
		return err
	case arn.partition == "aws-cn":
		return errors.New("the China Regions take other key material (SM4, SM2) and are not supported")
	case arn.region != d.Region:
		return fmt.Errorf("key ARN is in Region %q, the destination says %q", arn.region, d.Region)
	case arn.account != d.Account:
		return fmt.Errorf("key ARN is in account %q, the destination says %q", arn.account, d.Account)
	}
	return nil
}

// A keyARN is arn:partition:kms:region:account:key/id.
type keyARN struct{ partition, region, account, id string }

func parseARN(s string) (keyARN, error) {
	parts := strings.Split(s, ":")
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "kms" {
		return keyARN{}, fmt.Errorf("%.80q is not the ARN of a KMS key", s)
	}
	id, ok := strings.CutPrefix(parts[5], "key/")
	if !ok || id == "" || parts[3] == "" || parts[4] == "" {
		return keyARN{}, fmt.Errorf("%.80q is not the ARN of a KMS key (an alias cannot be imported to)", s)
	}
	return keyARN{partition: parts[1], region: parts[3], account: parts[4], id: id}, nil
}
