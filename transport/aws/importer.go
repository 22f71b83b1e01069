package aws

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // RSAES_OAEP_SHA_1 is one of the cloud's algorithms
	"crypto/sha256"
	"fmt"
	"hash"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
)

// What a receipt says of proof and control.
const (
	ProofExisting  = "existing-material"
	ProofTag       = "hmac-tag"
	ControlRefused = "refused"
)

// stateTries is how often the state of a key is looked at before giving up; with
// [Client.pace] doubling to ten seconds that is about two minutes.
const stateTries = 16

// Import does as [ceremony.Cloud] says. It may be run again after it stopped
// anywhere: a key that is already enabled is not imported as new again, and is
// then proven like any other, by the second blob (AES) or the tag (HMAC).
func (c *Client) Import(ctx context.Context, i ceremony.Import) (ceremony.Receipt, error) {
	start := c.now()
	progress(i, "checking the room's signatures")
	j, err := openJob(i, c.mode, start)
	if err != nil {
		return ceremony.Receipt{}, err
	}
	if c, err = c.in(j.to.Region); err != nil {
		return ceremony.Receipt{}, err
	}
	r := run{Client: c, job: j, in: i}
	if err := r.all(ctx); err != nil {
		return ceremony.Receipt{}, err
	}
	r.receipt.Elapsed = c.now().Sub(start)
	return r.sign(ctx)
}

func progress(i ceremony.Import, stage string) {
	if i.Progress != nil {
		i.Progress(stage)
	}
}

// A run is one import under way.
type run struct {
	*Client
	job
	in       ceremony.Import
	receipt  ceremony.Receipt
	requests []request
}

// A request is one answered call, as CloudTrail will have it.
type request struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (r *run) all(ctx context.Context) error {
	progress(r.in, "looking at the key")
	state, err := r.look(ctx)
	if err != nil {
		return err
	}
	if state != types.KeyStateEnabled {
		progress(r.in, "importing")
		if err := r.importNew(ctx); err != nil {
			return err
		}
	}
	progress(r.in, "waiting until the key is enabled")
	if err := r.awaitEnabled(ctx); err != nil {
		return err
	}
	progress(r.in, "proving that it is the key")
	if r.spec.IsHMAC() {
		return r.proveTag(ctx)
	}
	if err := r.proveExisting(ctx); err != nil {
		return err
	}
	if !r.in.Control {
		return nil
	}
	progress(r.in, "checking that another key is refused")
	return r.control(ctx)
}

// look holds the key in the cloud against the plan and answers its state.
func (r *run) look(ctx context.Context) (types.KeyState, error) {
	m, err := r.describe(ctx, r.to.Key)
	if err != nil {
		return "", err
	}
	d, err := destinationOf(m, r.region)
	if err != nil {
		return "", err
	}
	spec, err := specOf(m)
	switch {
	case err != nil:
		return "", err
	case d != r.to:
		return "", newFailure(CodeWrongKey, "it is %s, the plan names %s", d.Key, r.to.Key)
	case spec != r.spec:
		return "", newFailure(CodeWrongKey, "it is a %s key, the plan says %s", spec, r.spec)
	case m.KeyState != types.KeyStatePendingImport && m.KeyState != types.KeyStateEnabled:
		return "", newFailure("KMSInvalidStateException", "the key is %s", m.KeyState)
	}
	r.receipt.MaterialID = sdk.ToString(m.CurrentKeyMaterialId)
	return m.KeyState, nil
}

// importNew imports the first blob. A call whose answer was lost may have
// succeeded, and the SDK's own repetition of it is then refused: so after an
// error the key is looked at again, and the proof decides.
func (r *run) importNew(ctx context.Context) error {
	in := importInput(r.blobs[0])
	if !r.spec.IsHMAC() { // KMS knows the rest only for encryption keys
		note := r.note()
		in.ImportType, in.KeyMaterialDescription = types.ImportTypeNewKeyMaterial, &note
		if r.receipt.MaterialID != "" { // it had material, which was deleted: only the same may follow
			in.ImportType, in.KeyMaterialId = types.ImportTypeExistingKeyMaterial, &r.receipt.MaterialID
		}
	}
	out, err := r.kms.ImportKeyMaterial(ctx, in)
	if err != nil {
		if m, again := r.describe(ctx, r.to.Key); again == nil && m.KeyState == types.KeyStateEnabled {
			return nil
		}
		return explain(err)
	}
	r.answered("ImportKeyMaterial first", requestID(out.ResultMetadata))
	return nil
}

// importInput is a request without the fields that only encryption keys have.
// The expiration model is always sent: KMS would otherwise let the key expire.
func importInput(b ceremony.Blob) *kms.ImportKeyMaterialInput {
	return &kms.ImportKeyMaterialInput{
		EncryptedKeyMaterial: b.Key,
		ImportToken:          b.Set.Token,
		KeyId:                &b.Set.Key,
		ExpirationModel:      types.ExpirationModelTypeKeyMaterialDoesNotExpire,
	}
}

func (r *run) answered(name, id string) {
	r.requests = append(r.requests, request{ID: id, Name: name})
}

func (r *run) awaitEnabled(ctx context.Context) error {
	return r.patiently(ctx, stateTries, func() (bool, error) {
		m, err := r.describe(ctx, r.to.Key)
		if err != nil {
			return true, err
		}
		r.receipt.Key, r.receipt.State = sdk.ToString(m.Arn), string(m.KeyState)
		r.receipt.MaterialID = sdk.ToString(m.CurrentKeyMaterialId)
		if m.KeyState == types.KeyStateEnabled {
			return true, nil
		}
		return false, newFailure("KMSInvalidStateException", "the key is still %s", m.KeyState)
	})
}

// proveExisting imports the second blob, wrapped from the key that the room
// regained from the shares, as material that the key already has. KMS takes it
// only if it is the very same: so backup and cloud key are one.
func (r *run) proveExisting(ctx context.Context) error {
	out, err := r.importExisting(ctx, r.blobs[1])
	if err != nil {
		return explain(err)
	}
	id := sdk.ToString(out.KeyMaterialId)
	if r.receipt.MaterialID == "" || id != r.receipt.MaterialID {
		return newFailure(CodeNotProven, "the cloud names the material %q, and %q before", id, r.receipt.MaterialID)
	}
	r.answered("ImportKeyMaterial second", requestID(out.ResultMetadata))
	r.receipt.Proof = ProofExisting
	return nil
}

func (r *run) importExisting(ctx context.Context, b ceremony.Blob) (*kms.ImportKeyMaterialOutput, error) {
	in := importInput(b)
	in.ImportType = types.ImportTypeExistingKeyMaterial
	if r.receipt.MaterialID != "" {
		in.KeyMaterialId = &r.receipt.MaterialID
	}
	return r.kms.ImportKeyMaterial(ctx, in)
}

// control shows that the proof can fail: 32 random bytes as existing material
// must be refused, and as the wrong key, not for any other reason. It uses a
// parameter set of its own, so that no token is used twice.
func (r *run) control(ctx context.Context) error {
	w := plan.Wrapping{Algorithm: r.blobs[1].Set.Algorithm, KeySpec: r.blobs[1].Set.KeySpec}
	set, err := r.fetchSet(ctx, r.to, w)
	if err != nil {
		return err
	}
	blob, err := wrapRandom(set)
	if err != nil {
		return err
	}
	_, err = r.importExisting(ctx, ceremony.Blob{Use: ceremony.UseExisting, Set: set, Key: blob})
	switch {
	case err == nil:
		return newFailure(CodeNotProven, "a random key was taken as the existing one")
	case code(err) != "IncorrectKeyMaterialException":
		return explain(err)
	}
	r.receipt.Control = ControlRefused
	return nil
}

// wrapRandom wraps 32 random bytes, which are nobody's key.
func wrapRandom(set ceremony.ParameterSet) ([]byte, error) {
	pub, err := wrappingKey(set.SPKI, set.KeySpec)
	if err != nil {
		return nil, err
	}
	var h hash.Hash
	switch set.Algorithm {
	case "RSAES_OAEP_SHA_256":
		h = sha256.New()
	case "RSAES_OAEP_SHA_1":
		h = sha1.New() //nolint:gosec // the cloud's algorithm
	default:
		return nil, fmt.Errorf("cannot wrap with %q here", set.Algorithm)
	}
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails since Go 1.24
	return rsa.EncryptOAEP(h, rand.Reader, pub, random, nil)
}

// proveTag has the cloud tag the room's nonce. The tag that is expected stayed
// with the officer; here it is only seen to be one.
func (r *run) proveTag(ctx context.Context) error {
	algorithm, size := macOf(r.spec)
	out, err := r.kms.GenerateMac(ctx, &kms.GenerateMacInput{KeyId: &r.to.Key, MacAlgorithm: algorithm, Message: r.nonce})
	if err != nil {
		return explain(err)
	}
	if len(out.Mac) != size {
		return newFailure(CodeNotProven, "the cloud's tag has %d bytes, want %d", len(out.Mac), size)
	}
	r.answered("GenerateMac", requestID(out.ResultMetadata))
	r.receipt.Proof, r.receipt.Tag = ProofTag, out.Mac
	r.receipt.MaterialID = ""
	return nil
}

// macOf is the one algorithm of an HMAC key and its tag's length, bytes.
func macOf(spec plan.KeySpec) (types.MacAlgorithmSpec, int) {
	switch spec {
	case plan.HMAC224:
		return types.MacAlgorithmSpecHmacSha224, 28
	case plan.HMAC256:
		return types.MacAlgorithmSpecHmacSha256, 32
	case plan.HMAC384:
		return types.MacAlgorithmSpecHmacSha384, 48
	default:
		return types.MacAlgorithmSpecHmacSha512, 64
	}
}
