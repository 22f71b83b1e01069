package aws

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/policy"
	"keyrite.dev/keyrite/ceremony/transcript"
	"keyrite.dev/keyrite/transport"
)

// A job is a wrapped-key parcel that may be imported: openJob alone makes one, so
// no call to the cloud can come before its checks.
type job struct {
	ceremony string
	spec     plan.KeySpec
	to       plan.Destination
	blobs    []ceremony.Blob
	nonce    []byte
	seal     string // SHA-256 of seal.json
	parcel   string // SHA-256 of the parcel file
}

// openJob checks everything that can be known without the cloud: the room's
// signatures (recorder over the parcel; HSM, witness and custodians over the
// seal; the trusted officer over a plan that breaks no rule), that the seal has
// the digest of every blob, that the signer is the plan's importer, and that the
// parameters have not run out.
func openJob(i ceremony.Import, mode dsse.Mode, now time.Time) (job, error) {
	var body wrappedKey
	key, err := transport.Open(i.Parcel, mode, transport.WrappedKey, recorder, &body)
	if err != nil {
		return job{}, err
	}
	j, err := readJob(body, key, mode, i)
	if err != nil {
		return job{}, fmt.Errorf("invalid wrapped-key parcel: %w", err)
	}
	j.parcel = transport.Digest(i.Parcel)
	if first := earliest(j.sets()); !now.Before(first) {
		return job{}, newFailure(CodeExpired, "they were good until %s", transport.FormatTime(first))
	}
	return j, nil
}

func readJob(body wrappedKey, key dsse.PublicKey, mode dsse.Mode, i ceremony.Import) (job, error) {
	if err := body.check(); err != nil {
		return job{}, err
	}
	p, err := openPlan(body.Plan, mode)
	if err != nil {
		return job{}, err
	}
	if err := checkImporter(p, i.Signer.Public()); err != nil {
		return job{}, err
	}
	seal, err := transcript.VerifySeal(body.Seal, mode, p, key, transcript.Trusted(i.Trusted))
	if err != nil {
		return job{}, fmt.Errorf("the room's seal: %w", err)
	}
	if err := checkSeal(seal, body); err != nil {
		return job{}, fmt.Errorf("the room's seal: %w", err)
	}
	j := job{
		ceremony: seal.Ceremony, spec: body.Spec, to: p.Destination,
		nonce: body.Nonce, seal: transport.Digest(body.Seal),
	}
	j.blobs, err = readBlobs(body, p)
	return j, err
}

func openPlan(file []byte, mode dsse.Mode) (plan.Plan, error) {
	approved, err := policy.Open(file, Target{})
	if err != nil {
		return plan.Plan{}, err
	}
	if approved.Mode() != mode {
		return plan.Plan{}, fmt.Errorf("the plan is for %s, the parcel for %s", approved.Mode(), mode)
	}
	return approved.Plan(), nil
}

// checkImporter keeps fetching and importing with two people: one alone could
// have put a wrapping key of their own under the room's wrap, and then imported
// what they unwrapped.
func checkImporter(p plan.Plan, key dsse.PublicKey) error {
	if _, err := memberWith(p, plan.Fetcher, key); err == nil {
		return errors.New("this credential is the fetcher's; another person must import")
	}
	if _, err := memberWith(p, plan.Importer, key); err != nil {
		return fmt.Errorf("this credential is not the importer's of the plan (key %.16s)", key.ID())
	}
	return nil
}

// checkSeal holds the parcel against the seal: same ceremony, completed, and the
// plan and every blob are the files that the room signed for.
func checkSeal(seal transcript.Seal, body wrappedKey) error {
	switch {
	case seal.Ceremony != body.Header.Ceremony:
		return errors.New("it is of another ceremony")
	case seal.Outcome != transcript.Completed:
		return fmt.Errorf("the ceremony was %s; its key must not be imported", seal.Outcome)
	case !sealed(seal, transcript.PlanFile, body.Plan):
		return errors.New("it is over another plan")
	}
	for _, b := range body.Blobs {
		if name := exportName(b.Use); !sealed(seal, name, b.Wrapped) {
			return fmt.Errorf("it does not cover this %s; the wrapped key is not the one that left the room", name)
		}
	}
	return nil
}

// exportName is the ceremony folder's file that holds a blob.
func exportName(use ceremony.BlobUse) string { return "export/wrapped-key-" + string(use) + ".bin" }

func sealed(seal transcript.Seal, name string, file []byte) bool {
	return slices.Contains(seal.Subjects, transcript.NewSubject(name, transport.Digest(file)))
}

func readBlobs(body wrappedKey, p plan.Plan) ([]ceremony.Blob, error) {
	if body.Spec != p.Key.Spec {
		return nil, fmt.Errorf("it holds a key %q, the plan's is %q", body.Spec, p.Key.Spec)
	}
	if err := checkDestination(p.Destination); err != nil {
		return nil, err
	}
	var sets []parameterSet
	for _, b := range body.Blobs {
		sets = append(sets, b.Set)
	}
	read, err := readSets(parameters{Destination: p.Destination, Header: body.Header, Sets: sets}, p.Wrapping)
	if err != nil {
		return nil, err
	}
	var blobs []ceremony.Blob
	for i, b := range body.Blobs {
		if err := (Target{}).CheckBlob(b.Wrapped, read[i]); err != nil {
			return nil, err
		}
		blobs = append(blobs, ceremony.Blob{Use: b.Use, Set: read[i], Key: bytes.Clone(b.Wrapped)})
	}
	return blobs, nil
}

func (j job) sets() []ceremony.ParameterSet {
	var sets []ceremony.ParameterSet
	for _, b := range j.blobs {
		sets = append(sets, b.Set)
	}
	return sets
}

// note is the description that the cloud keeps with the key material, and that
// CloudTrail shows: which ceremony, and which seal over it. KMS admits
// [a-zA-Z0-9:/_\s.-], at most 256 characters.
func (j job) note() string { return "keyrite:" + j.ceremony + "/" + j.seal[:32] }
