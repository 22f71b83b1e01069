package ceremonytest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"filippo.io/age"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/credential"
	"keyrite.dev/keyrite/ceremony/keycheck"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/ceremony/share"
	"keyrite.dev/keyrite/ceremony/transcript"
)

// NewSplitter is a ceremony.Splitter in this process, for a software token.
// credentials answers the credential file of a roster id. It believes as little
// as the real worker and does the same; only the walls around a process lack.
func NewSplitter(token *Token, credentials func(id string) ([]byte, error)) ceremony.Splitter {
	return &splitter{token: token, credentials: credentials}
}

type splitter struct {
	token       *Token
	credentials func(id string) ([]byte, error)
}

// exposed is what the exposure of the backup key is told as: the time is not
// worth measuring where nothing is protected.
const exposed = 1

// approved is the request of the journal, if it may be done now.
func approved(j ceremony.Job, action ceremony.StepKind) (transcript.Record, ceremony.Values, error) {
	rec, q, err := transcript.ApprovedRequest(j.Folder, j.Request)
	if err != nil {
		return rec, nil, fmt.Errorf("the splitter refuses: %w", err)
	}
	if q.Action != string(action) {
		return rec, nil, fmt.Errorf("the splitter refuses: line %d asks for %q, not %q", j.Request, q.Action, action)
	}
	return rec, ceremony.Values(q.Params), nil
}

// login opens an own session, as another process would.
func (s *splitter) login(ctx context.Context, pin secret.Bytes) (*Token, error) {
	t := s.token.Session()
	return t, t.Login(ctx, pin)
}

// Split backs up, splits and seals.
func (s *splitter) Split(ctx context.Context, j ceremony.Job, pin secret.Bytes) (ceremony.SplitResult, error) {
	var out ceremony.SplitResult
	rec, p, err := approved(j, ceremony.KindSplit)
	if err != nil {
		return out, err
	}
	if _, err := made(rec, p); err != nil {
		return out, err
	}
	set, recipients, err := dealing(rec, p)
	if err != nil {
		return out, err
	}
	t, err := s.login(ctx, pin)
	if err != nil {
		return out, err
	}
	backup, err := t.MakeBackup(ctx)
	if err != nil {
		return out, errors.Join(err, t.Logout(ctx))
	}
	out, err = deal(ctx, t, backup, set, recipients)
	if err == nil {
		out.BackupBlob, err = t.WrapBackup(ctx, backup, ceremony.KeyID(p.Get("target")))
	}
	if err = errors.Join(err, t.Destroy(ctx, backup), t.Logout(ctx)); err != nil {
		return ceremony.SplitResult{}, err
	}
	out.Destroyed = true
	for i, c := range rec.Plan.With(plan.Custodian) {
		out.Shares[i].Custodian = c.ID
	}
	return out, nil
}

// dealing is the plan's set and recipients, which the request must say too.
func dealing(rec transcript.Record, p ceremony.Values) (share.Set, []age.Recipient, error) {
	custodians := rec.Plan.With(plan.Custodian)
	k, n := rec.Plan.Shares.Threshold, rec.Plan.Shares.Count
	if p.Get("threshold") != strconv.Itoa(k) || p.Get("count") != strconv.Itoa(n) || p.Get("spec") != string(rec.Plan.Key.Spec) || len(custodians) != n {
		return share.Set{}, nil, errors.New("the splitter refuses: the request is not what the plan says")
	}
	id, err := ceremonyID(rec)
	if err != nil {
		return share.Set{}, nil, err
	}
	var recipients []age.Recipient
	for _, c := range custodians {
		r, err := age.ParseHybridRecipient(c.Recipient)
		if err != nil {
			return share.Set{}, nil, fmt.Errorf("recipient of %s: %w", c.ID, err)
		}
		recipients = append(recipients, r)
	}
	set, err := share.NewSet(id, k, n)
	return set, recipients, err
}

func ceremonyID(rec transcript.Record) ([32]byte, error) {
	raw, err := hex.DecodeString(rec.Ceremony)
	if err != nil || len(raw) != 32 {
		return [32]byte{}, errors.New("the splitter refuses: the ceremony has no id")
	}
	return [32]byte(raw), nil
}

func deal(ctx context.Context, t *Token, backup ceremony.KeyID, set share.Set, recipients []age.Recipient) (ceremony.SplitResult, error) {
	var out ceremony.SplitResult
	kcv, err := t.CheckValue(ctx, backup, nil)
	if err != nil {
		return out, err
	}
	key := make([]byte, share.KeySize)
	defer clear(key)
	if err := t.Release(ctx, backup, key); err != nil {
		return out, err
	}
	split, err := share.Deal(key, set, recipients)
	if err != nil {
		return out, err
	}
	out = ceremony.SplitResult{
		SplitID: set.SplitID(), Subsets: split.Subsets, AllSubsets: split.All, ExposureMS: exposed, BackupKCV: hex.EncodeToString(kcv),
	}
	for _, d := range split.Dealt {
		out.Shares = append(out.Shares, ceremony.SealedShare{Index: d.Index, Sealed: d.Sealed, Commitment: d.Commitment})
	}
	return out, nil
}

// lastDone are the values of the last request for an action that the journal says
// was done; nil if there is none.
func lastDone(rec transcript.Record, action ceremony.StepKind) ceremony.Values {
	var v ceremony.Values
	actions := map[int]string{}
	for _, e := range rec.Events {
		switch b := e.Body.(type) {
		case transcript.Request:
			actions[e.Seq] = b.Action
		case transcript.Result:
			if actions[b.Of] == string(action) && b.Outcome == transcript.Done {
				v = append(ceremony.Values{}, b.Values...)
			}
		}
	}
	return v
}

// made is what the journal says of the key that the ceremony made, which the
// request must mean.
func made(rec transcript.Record, p ceremony.Values) (ceremony.Values, error) {
	v := lastDone(rec, ceremony.KindGenerate)
	if v == nil || p.Get("target") != v.Get("id") {
		return nil, fmt.Errorf("the splitter refuses: key %q is not the one that this ceremony made", p.Get("target"))
	}
	return v, nil
}

// dealtSet is the split that the journal says was done, which the request must
// mean too.
func dealtSet(rec transcript.Record, p ceremony.Values) (ceremony.Values, share.Set, error) {
	v := lastDone(rec, ceremony.KindSplit)
	set := share.Set{Threshold: rec.Plan.Shares.Threshold, Count: rec.Plan.Shares.Count}
	if v == nil || p.Get("splitId") != v.Get("splitId") {
		return nil, set, errors.New("the splitter refuses: the request names no split that the journal says was done")
	}
	id, err := ceremonyID(rec)
	split, err2 := hex.DecodeString(v.Get("splitId"))
	if err = errors.Join(err, err2); err != nil || len(split) != len(set.Split) {
		return nil, set, errors.Join(errors.New("the splitter refuses: the split in the journal has no id"), err)
	}
	set.Ceremony = id
	copy(set.Split[:], split)
	return v, set, nil
}

// open opens one custodian's share from the folder.
func (s *splitter) open(j ceremony.Job, rec transcript.Record, v ceremony.Values, id string, passphrase secret.Bytes) (*share.Share, error) {
	m, ok := rec.Plan.Member(id)
	if !ok || m.Role != plan.Custodian {
		return nil, fmt.Errorf("%q is no custodian of this ceremony", id)
	}
	sealed, err := readWhole(j.Folder, ceremony.ShareFile(id), v.Get("share/"+id))
	if err != nil {
		return nil, err
	}
	file, err := s.credentials(id)
	if err != nil {
		return nil, err
	}
	u, err := credential.Unlock(file, passphrase)
	if err != nil {
		return nil, err
	}
	defer u.Release()
	if string(u.Public().DER()) != string(m.Key) {
		return nil, fmt.Errorf("the credential is not that of %s in the plan", m.Name)
	}
	out, err := share.Open(sealed, u.Identity())
	if err != nil {
		return nil, fmt.Errorf("share of %s: %w", m.Name, err)
	}
	return out, nil
}

// readWhole reads a file of the folder and compares it with the journal's digest.
func readWhole(folder, name, digest string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(name)))
	if err != nil {
		return nil, fmt.Errorf("failed to read %s: %w", name, err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != digest {
		return nil, fmt.Errorf("%s is not the file that the journal names: it was changed or exchanged", name)
	}
	return data, nil
}

// ProveOpen opens one share and compares it with its commitment.
func (s *splitter) ProveOpen(_ context.Context, j ceremony.Job, custodian string, passphrase secret.Bytes) (ceremony.OpenResult, error) {
	rec, p, err := approved(j, ceremony.KindHandOver)
	if err != nil {
		return ceremony.OpenResult{}, err
	}
	if p.Get("custodian") != custodian {
		return ceremony.OpenResult{}, fmt.Errorf("the splitter refuses: line %d hands a share to %q, not to %q", j.Request, p.Get("custodian"), custodian)
	}
	v, set, err := dealtSet(rec, p)
	if err != nil {
		return ceremony.OpenResult{}, err
	}
	opened, err := s.open(j, rec, v, custodian, passphrase)
	if err != nil {
		return ceremony.OpenResult{}, err
	}
	defer opened.Wipe()
	if opened.Set() != set || opened.Commitment() != v.Get("commitment/"+custodian) {
		return ceremony.OpenResult{}, errors.New("the share is not the one that was dealt")
	}
	return ceremony.OpenResult{Custodian: custodian, Commitment: opened.Commitment()}, nil
}

// Recover rebuilds the target inside the token.
func (s *splitter) Recover(ctx context.Context, j ceremony.Job, pin secret.Bytes, holders []ceremony.Holder) (ceremony.RecoverResult, error) {
	var none ceremony.RecoverResult
	rec, p, err := approved(j, ceremony.KindRecover)
	if err != nil {
		return none, err
	}
	v, set, err := dealtSet(rec, p)
	if err != nil {
		return none, err
	}
	if err := agrees(rec, p, v, holders); err != nil {
		return none, err
	}
	blob, err := readWhole(j.Folder, ceremony.BackupFile, v.Get("backup"))
	if err != nil {
		return none, err
	}
	key, err := s.combine(j, rec, v, set, holders)
	defer clear(key)
	if err != nil {
		return none, err
	}
	t, err := s.login(ctx, pin)
	if err != nil {
		return none, err
	}
	out, err := regain(ctx, t, key, blob, p)
	return out, errors.Join(err, t.Logout(ctx))
}

// agrees compares a recovery's request with key, split, plan and people.
func agrees(rec transcript.Record, p, v ceremony.Values, holders []ceremony.Holder) error {
	var ids []string
	for _, h := range holders {
		ids = append(ids, h.ID)
	}
	key, err := made(rec, p)
	switch {
	case err != nil:
		return err
	case !slices.Equal(ids, strings.Split(p.Get("holders"), ",")):
		return errors.New("the splitter refuses: other custodians than those drawn")
	case p.Get("spec") != string(rec.Plan.Key.Spec), p.Get("backup") != v.Get("backup"), p.Get("expected") != key.Get("checkValue"):
		return errors.New("the splitter refuses: the request is not what plan, key and split say")
	}
	return nil
}

// combine opens the shares and puts the backup key together.
func (s *splitter) combine(j ceremony.Job, rec transcript.Record, v ceremony.Values, set share.Set, holders []ceremony.Holder) ([]byte, error) {
	commitments := map[string]string{}
	var held []share.Held
	defer func() {
		for _, h := range held {
			h.Share.Wipe()
		}
	}()
	for _, h := range holders {
		opened, err := s.open(j, rec, v, h.ID, h.Passphrase)
		if err != nil {
			return nil, err
		}
		held = append(held, share.Held{Holder: h.ID, Share: opened})
		commitments[h.ID] = v.Get("commitment/" + h.ID)
	}
	key := make([]byte, share.KeySize)
	if err := share.Combine(key, set, held, commitments); err != nil {
		return nil, err
	}
	kcv, err := keycheck.AESCheckValue(key)
	if err != nil || hex.EncodeToString(kcv[:]) != v.Get("backupCheckValue") {
		return key, errors.New("the backup key's bytes have another check value than the token's key")
	}
	return key, nil
}

// regain lands the backup key, unwraps the target and destroys the former; what
// it made does not stay if anything fails.
func regain(ctx context.Context, t *Token, key, blob []byte, p ceremony.Values) (ceremony.RecoverResult, error) {
	var none ceremony.RecoverResult
	landed, err := t.Land(ctx, key)
	if err != nil {
		return none, err
	}
	id, err := t.UnwrapTarget(ctx, landed, bytes.Clone(blob), plan.KeySpec(p.Get("spec")), p.Get("label"))
	if err = errors.Join(err, t.Destroy(ctx, landed)); err != nil {
		return none, err
	}
	nonce, err := hex.DecodeString(p.Get("nonce"))
	if err != nil {
		return none, errors.Join(errors.New("the request's nonce is no hex"), t.Destroy(ctx, id))
	}
	kcv, err := t.CheckValue(ctx, id, nonce)
	if err == nil && hex.EncodeToString(kcv) != p.Get("expected") {
		err = fmt.Errorf("%w: check value %x, not %s", ceremony.ErrOtherKey, kcv, p.Get("expected"))
	}
	if err != nil {
		return none, errors.Join(err, t.Destroy(ctx, id))
	}
	return ceremony.RecoverResult{Key: id, Label: p.Get("label"), CheckValue: kcv, ExposureMS: exposed, Destroyed: true}, nil
}
