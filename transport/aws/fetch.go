package aws

import (
	"context"
	"errors"
	"fmt"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/transport"
)

// CreateKey makes an empty key that waits for imported material. The key policy
// is AWS's default, which lets the account's IAM policies decide.
func (c *Client) CreateKey(ctx context.Context, spec plan.KeySpec, description string) (plan.Destination, error) {
	if c.mode == dsse.Rehearsal {
		var err error
		if c, err = c.in(RehearsalRegion); err != nil {
			return plan.Destination{}, err
		}
	}
	in := &kms.CreateKeyInput{Description: &description, Origin: types.OriginTypeExternal}
	switch {
	case spec == plan.AES256:
		in.KeySpec, in.KeyUsage = types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt
	case spec.IsHMAC():
		in.KeySpec, in.KeyUsage = types.KeySpec(spec), types.KeyUsageTypeGenerateVerifyMac
	default:
		return plan.Destination{}, fmt.Errorf("AWS KMS: %q is no key that can be imported here", spec)
	}
	out, err := c.kms.CreateKey(ctx, in)
	if err != nil {
		return plan.Destination{}, explain(err)
	}
	return destinationOf(out.KeyMetadata, c.region)
}

// destinationOf spells the key that the cloud describes.
func destinationOf(m *types.KeyMetadata, region string) (plan.Destination, error) {
	if m == nil {
		return plan.Destination{}, errors.New("invalid answer: no key is described")
	}
	arn, err := parseARN(sdk.ToString(m.Arn))
	if err != nil {
		return plan.Destination{}, fmt.Errorf("invalid answer: %w", err)
	}
	d := plan.Destination{Account: arn.account, Cloud: plan.CloudAWS, Key: sdk.ToString(m.Arn), Region: region}
	if err := checkDestination(d); err != nil {
		return plan.Destination{}, newFailure(CodeWrongKey, "%s", err)
	}
	return d, nil
}

// describe asks for a key, for a while if the cloud does not know it yet: KMS is
// eventually consistent.
func (c *Client) describe(ctx context.Context, key string) (*types.KeyMetadata, error) {
	var m *types.KeyMetadata
	err := c.patiently(ctx, 5, func() (bool, error) {
		out, err := c.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &key})
		switch {
		case code(err) == "NotFoundException":
			return false, explain(err)
		case err != nil:
			return true, explain(err)
		case out.KeyMetadata == nil:
			return true, errors.New("invalid answer: no key is described")
		}
		m = out.KeyMetadata
		return true, nil
	})
	return m, err
}

// patiently calls try until it says that it is finished, at most tries times,
// waiting longer each time. The last error is the answer.
func (c *Client) patiently(ctx context.Context, tries int, try func() (finished bool, err error)) error {
	wait := c.pace
	for i := 1; ; i++ {
		finished, err := try()
		if finished || i == tries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		wait = min(2*wait, 10*time.Second)
	}
}

// specOf is the plan's name of a key's kind.
func specOf(m *types.KeyMetadata) (plan.KeySpec, error) {
	spec := plan.KeySpec(m.KeySpec)
	if m.KeySpec == types.KeySpecSymmetricDefault {
		spec = plan.AES256
	}
	if spec.Bytes() == 0 || spec == plan.AES256 && m.KeySpec != types.KeySpecSymmetricDefault {
		return "", newFailure(CodeWrongKey, "it is a %s key, which is not supported", m.KeySpec)
	}
	if m.Origin != types.OriginTypeExternal {
		f := newFailure("UnsupportedOperationException", "its origin is %s", m.Origin)
		return "", f
	}
	return spec, nil
}

// Fetch gets as many parameter sets as the key's kind needs and answers the
// parcel, signed by the fetcher. Every call makes new sets; earlier ones stay
// good until they expire.
func (c *Client) Fetch(ctx context.Context, f ceremony.Fetch) ([]byte, error) {
	if f.Mode != c.mode {
		return nil, fmt.Errorf("a %s fetch cannot go to a %s cloud", f.Mode, c.mode)
	}
	arn, _ := parseARN(f.Key) // an id names no Region
	c, err := c.in(arn.region)
	if err != nil {
		return nil, err
	}
	m, err := c.describe(ctx, f.Key)
	if err != nil {
		return nil, err
	}
	body := parameters{Sets: []parameterSet{}}
	if body.Destination, err = destinationOf(m, c.region); err != nil {
		return nil, err
	}
	if body.Spec, err = specOf(m); err != nil {
		return nil, err
	}
	if f.Spec != "" && f.Spec != body.Spec {
		return nil, newFailure(CodeWrongKey, "it is a %s key, want %s", body.Spec, f.Spec)
	}
	if err := (Target{}).CheckWrapping(body.Spec, f.Wrapping); err != nil {
		return nil, err
	}
	for range setsFor(body.Spec) {
		set, err := c.fetchSet(ctx, body.Destination, f.Wrapping)
		if err != nil {
			return nil, err
		}
		if f.Fetched != nil {
			f.Fetched(set)
		}
		body.Sets = append(body.Sets, spellSet(set))
	}
	return sealParameters(ctx, body, f)
}

// sealParameters signs what was fetched, after reading it as the room will.
func sealParameters(ctx context.Context, body parameters, f ceremony.Fetch) ([]byte, error) {
	var first time.Time
	for _, s := range body.Sets {
		if t, err := transport.ParseTime(s.ValidTo); err == nil && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	body.Header = transport.NewHeader("", first, f.Signer, string(plan.Fetcher))
	if _, err := readSets(body, f.Wrapping); err != nil {
		return nil, fmt.Errorf("invalid answer: %w", err)
	}
	return transport.Seal(ctx, f.Mode, transport.ImportParameters, &body, f.Signer)
}

// fetchSet gets one wrapping key with its token.
func (c *Client) fetchSet(ctx context.Context, d plan.Destination, w plan.Wrapping) (ceremony.ParameterSet, error) {
	out, err := c.kms.GetParametersForImport(ctx, &kms.GetParametersForImportInput{
		KeyId:             &d.Key,
		WrappingAlgorithm: types.AlgorithmSpec(w.Algorithm),
		WrappingKeySpec:   types.WrappingKeySpec(w.KeySpec),
	})
	if err != nil {
		return ceremony.ParameterSet{}, explain(err)
	}
	s := parameterSet{
		Algorithm:   w.Algorithm,
		Fingerprint: transport.Digest(out.PublicKey),
		Key:         sdk.ToString(out.KeyId),
		KeySpec:     w.KeySpec,
		PublicKey:   out.PublicKey,
		Region:      d.Region,
		RequestID:   requestID(out.ResultMetadata),
		Token:       out.ImportToken,
		ValidTo:     transport.FormatTime(sdk.ToTime(out.ParametersValidTo)),
	}
	set, err := s.read(d)
	if err != nil {
		return ceremony.ParameterSet{}, fmt.Errorf("invalid answer: %w", err)
	}
	return set, nil
}
