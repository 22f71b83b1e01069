package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/credential"
	"keyrite.dev/keyrite/ceremony/keycheck"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/ceremony/share"
	"keyrite.dev/keyrite/ceremony/transcript"
	"keyrite.dev/keyrite/hsm/pkcs11"
)

// setOf is the set that the shares of the split must say.
func setOf(rec transcript.Record, v ceremony.Values) (share.Set, error) {
	set := share.Set{Threshold: rec.Plan.Shares.Threshold, Count: rec.Plan.Shares.Count}
	_, err := hex.Decode(set.Ceremony[:], []byte(rec.Ceremony))
	id, err2 := hex.DecodeString(v.Get("splitId"))
	if err != nil || err2 != nil || len(id) != len(set.Split) {
		return set, errors.New("the split worker refuses: the split in the journal has no id")
	}
	copy(set.Split[:], id)
	return set, nil
}

// openShare opens one custodian's sealed share from the folder with the two
// frames that come next: credential file and passphrase.
func openShare(folder, custodian string, rec transcript.Record, v ceremony.Values, in io.Reader) (*share.Share, error) {
	file, err := readFrame(in)
	if err != nil {
		return nil, fmt.Errorf("failed to read the credential: %w", err)
	}
	pass, err := readSecret(in)
	defer pass.Destroy()
	if err != nil {
		return nil, fmt.Errorf("failed to read the passphrase: %w", err)
	}
	m, ok := rec.Plan.Member(custodian)
	if !ok || m.Role != plan.Custodian {
		return nil, fmt.Errorf("%q is no custodian of this ceremony", custodian)
	}
	sealed, err := readWhole(folder, ceremony.ShareFile(custodian), v.Get("share/"+custodian))
	if err != nil {
		return nil, err
	}
	u, err := credential.Unlock(file, pass)
	if err != nil {
		return nil, err
	}
	defer u.Release()
	if string(u.Public().DER()) != string(m.Key) {
		return nil, fmt.Errorf("the credential is not that of %s in the plan", m.Name)
	}
	var out *share.Share
	secret.Do(func() { out, err = share.Open(sealed, u.Identity()) })
	if err != nil {
		return nil, fmt.Errorf("share of %s: %w", m.Name, err)
	}
	return out, nil
}

// readWhole reads a file of the folder and compares it with the journal's digest.
func readWhole(folder, name, digest string) ([]byte, error) {
	f, err := os.Open(filepath.Join(folder, filepath.FromSlash(name))) //nolint:gosec // names come from the plan's checked ids
	if err != nil {
		return nil, fmt.Errorf("failed to read %s: %w", name, err)
	}
	defer f.Close() //nolint:errcheck // read only
	data, err := io.ReadAll(io.LimitReader(f, share.MaxSealed+1))
	if err != nil {
		return nil, fmt.Errorf("failed to read %s: %w", name, err)
	}
	sum := sha256.Sum256(data)
	if hex.EncodeToString(sum[:]) != digest {
		return nil, fmt.Errorf("%s is not the file that the journal names: it was changed or exchanged", name)
	}
	return data, nil
}

func doOpen(j job, in io.Reader) (answer, error) {
	if len(j.Holders) != 1 {
		return answer{}, errors.New("invalid job: one custodian opens one share")
	}
	id := j.Holders[0]
	rec, p, err := approved(j, ceremony.KindHandOver)
	if err != nil {
		return answer{}, err
	}
	if p.Get("custodian") != id {
		return answer{}, fmt.Errorf("the split worker refuses: line %d hands a share to %q, not to %q", j.Request, p.Get("custodian"), id)
	}
	v, set, err := dealtSet(rec, p)
	if err != nil {
		return answer{}, err
	}
	s, err := openShare(j.Folder, id, rec, v, in)
	if err != nil {
		return answer{}, err
	}
	var out opened
	secret.Do(func() {
		defer s.Wipe()
		if s.Set() != set || s.Commitment() != v.Get("commitment/"+id) {
			err = errors.New("the share is not the one that was dealt")
			return
		}
		out = opened{Custodian: id, Commitment: v.Get("commitment/" + id)}
	})
	sweep()
	return answer{Open: &out}, err
}

// dealtSet is the journal's split, which the request must mean too.
func dealtSet(rec transcript.Record, p ceremony.Values) (ceremony.Values, share.Set, error) {
	v := lastDone(rec, ceremony.KindSplit)
	if v == nil {
		return nil, share.Set{}, errors.New("the split worker refuses: the journal has no split that was done")
	}
	if p.Get("splitId") != v.Get("splitId") {
		return nil, share.Set{}, errors.New("the split worker refuses: the request names another split than the journal")
	}
	set, err := setOf(rec, v)
	return v, set, err
}

// regaining is what a recovery stands on: the journal's key and split, and a
// request that agrees with them and with the plan.
func regaining(j job) (rec transcript.Record, p, v ceremony.Values, set share.Set, err error) {
	if rec, p, err = approved(j, ceremony.KindRecover); err != nil {
		return rec, p, v, set, err
	}
	key, err := made(rec, p)
	if err != nil {
		return rec, p, v, set, err
	}
	if v, set, err = dealtSet(rec, p); err != nil {
		return rec, p, v, set, err
	}
	switch {
	case !slices.Equal(j.Holders, strings.Split(p.Get("holders"), ",")):
		err = errors.New("the split worker refuses: other custodians than those drawn")
	case p.Get("spec") != string(rec.Plan.Key.Spec), p.Get("backup") != v.Get("backup"), p.Get("expected") != key.Get("checkValue"):
		err = errors.New("the split worker refuses: the request is not what plan, key and split say")
	}
	return rec, p, v, set, err
}

func doRecover(ctx context.Context, j job, in io.Reader) (answer, error) {
	rec, p, v, set, err := regaining(j)
	if err != nil {
		return answer{}, err
	}
	blob, err := readWhole(j.Folder, ceremony.BackupFile, v.Get("backup"))
	if err != nil {
		return answer{}, err
	}
	t, err := token(ctx, j, in)
	if err != nil {
		return answer{}, err
	}
	defer t.Close() //nolint:errcheck // the process ends
	held, err := openAll(j, rec, v, in)
	defer wipeAll(held)
	if err != nil {
		return answer{}, err
	}
	landed, exposure, err := land(ctx, t, set, held, v)
	if err != nil {
		return answer{}, err
	}
	out, err := unwrap(ctx, t, landed, blob, p)
	destroyed := t.Destroy(ctx, landed.ID())
	switch {
	case err != nil:
		return answer{}, errors.Join(err, destroyed)
	case destroyed != nil: // then nothing of the recovery stays
		return answer{}, errors.Join(destroyed, t.Destroy(ctx, ceremony.KeyID(out.Key)))
	}
	out.ExposureMS, out.Destroyed = exposure, true
	return answer{Regain: &out}, nil
}

func openAll(j job, rec transcript.Record, v ceremony.Values, in io.Reader) ([]share.Held, error) {
	var held []share.Held
	for _, id := range j.Holders {
		s, err := openShare(j.Folder, id, rec, v, in)
		if err != nil {
			return held, err
		}
		held = append(held, share.Held{Holder: id, Share: s})
	}
	return held, nil
}

func wipeAll(held []share.Held) {
	for _, h := range held {
		h.Share.Wipe()
	}
}

// land combines the shares, wipes them, and brings the backup key into the token;
// it is in clear from the one to the other.
func land(ctx context.Context, t *pkcs11.Token, set share.Set, held []share.Held, v ceremony.Values) (*pkcs11.Backup, int, error) {
	commitments := map[string]string{}
	for _, h := range held {
		commitments[h.Holder] = v.Get("commitment/" + h.Holder)
	}
	kcv, err := hex.DecodeString(v.Get("backupCheckValue"))
	if err != nil {
		return nil, 0, errors.New("the journal's check value of the backup key is no hex")
	}
	buf, free, err := locked(share.KeySize)
	if err != nil {
		return nil, 0, err
	}
	defer free()
	start := time.Now()
	secret.Do(func() {
		defer wipeAll(held)
		if err = share.Combine(buf, set, held, commitments); err == nil {
			err = sameKey(buf, kcv)
		}
	})
	if err != nil {
		return nil, 0, err
	}
	landed, err := t.Land(ctx, buf)
	clear(buf)
	sweep()
	return landed, milliseconds(time.Since(start)), err
}

// unwrap regains the target inside the token and asks for its check value. A key
// that is not the one expected does not stay.
func unwrap(ctx context.Context, t *pkcs11.Token, landed *pkcs11.Backup, blob []byte, p ceremony.Values) (regain, error) {
	id, err := t.UnwrapTarget(ctx, landed, blob, plan.KeySpec(p.Get("spec")), p.Get("label"))
	if err != nil {
		return regain{}, err
	}
	nonce, err := hex.DecodeString(p.Get("nonce"))
	if err != nil {
		return regain{}, errors.Join(errors.New("the request's nonce is no hex"), t.Destroy(ctx, id))
	}
	kcv, err := t.CheckValue(ctx, id, nonce)
	if got, want := hex.EncodeToString(kcv), p.Get("expected"); err == nil && got != want {
		err = fmt.Errorf("%w: check value %s, not %s", ceremony.ErrOtherKey, keycheck.Group(got), keycheck.Group(want))
	}
	if err != nil {
		return regain{}, errors.Join(err, t.Destroy(ctx, id))
	}
	return regain{Key: string(id), Label: p.Get("label"), CheckValue: kcv}, nil
}
