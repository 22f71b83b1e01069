package worker

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"time"

	"filippo.io/age"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/keycheck"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/ceremony/share"
	"keyrite.dev/keyrite/ceremony/transcript"
	"keyrite.dev/keyrite/hsm/pkcs11"
)

// Main is the worker: one job from in, one answer to out. It answers the exit
// code: 0 for a job that was done, 1 for a fault, which is the answer, or for an
// answer that could not be written.
func Main(ctx context.Context, in io.Reader, out io.Writer) int {
	var a answer
	err := harden()
	if err == nil {
		a, err = perform(ctx, in)
	}
	if err != nil {
		a = answer{Fault: faultOf(err)}
	}
	data, err := json.Marshal(a)
	if err == nil {
		err = writeFrame(out, data)
	}
	if err != nil || a.Fault != nil {
		return 1
	}
	return 0
}

func perform(ctx context.Context, in io.Reader) (answer, error) {
	head, err := readFrame(in)
	if err != nil {
		return answer{}, fmt.Errorf("failed to read the job: %w", err)
	}
	var j job
	if err := decode(head, &j); err != nil {
		return answer{}, err
	}
	switch j.Do {
	case "split":
		return doSplit(ctx, j, in)
	case "open":
		return doOpen(j, in)
	case "recover":
		return doRecover(ctx, j, in)
	default:
		return answer{}, fmt.Errorf("invalid job %q", j.Do)
	}
}

// approved reads the folder and answers the request if it may be done now and is
// for this action.
func approved(j job, action ceremony.StepKind) (transcript.Record, ceremony.Values, error) {
	rec, q, err := transcript.ApprovedRequest(j.Folder, j.Request)
	if err != nil {
		return rec, nil, fmt.Errorf("the split worker refuses: %w", err)
	}
	if q.Action != string(action) {
		return rec, nil, fmt.Errorf("the split worker refuses: line %d asks for %q, not %q", j.Request, q.Action, action)
	}
	return rec, q.Params, nil
}

// lastDone are the values of the last request for an action that the journal says
// was done; nil if there is none.
func lastDone(rec transcript.Record, action ceremony.StepKind) ceremony.Values {
	var out ceremony.Values
	requests := map[int]string{}
	for _, e := range rec.Events {
		switch b := e.Body.(type) {
		case transcript.Request:
			requests[e.Seq] = b.Action
		case transcript.Result:
			if requests[b.Of] == string(action) && b.Outcome == transcript.Done {
				out = append(ceremony.Values{}, b.Values...)
			}
		}
	}
	return out
}

// made is what the journal says of the key that this ceremony made, which the
// request must mean: whoever approved an identifier may not have compared it.
func made(rec transcript.Record, p ceremony.Values) (ceremony.Values, error) {
	v := lastDone(rec, ceremony.KindGenerate)
	if v == nil || p.Get("target") != v.Get("id") {
		return nil, fmt.Errorf("the split worker refuses: key %q is not the one that this ceremony made", p.Get("target"))
	}
	return v, nil
}

// token opens and logs in with the PIN that is the next frame.
func token(ctx context.Context, j job, in io.Reader) (*pkcs11.Token, error) {
	pin, err := readSecret(in)
	defer pin.Destroy()
	if err != nil {
		return nil, fmt.Errorf("failed to read the PIN: %w", err)
	}
	t, err := pkcs11.Open(ctx, j.Location)
	if err != nil {
		return nil, err
	}
	if err := t.Login(ctx, pin); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

func doSplit(ctx context.Context, j job, in io.Reader) (answer, error) {
	rec, p, err := approved(j, ceremony.KindSplit)
	if err != nil {
		return answer{}, err
	}
	if _, err := made(rec, p); err != nil {
		return answer{}, err
	}
	set, recipients, err := dealing(rec, p)
	if err != nil {
		return answer{}, err
	}
	t, err := token(ctx, j, in)
	if err != nil {
		return answer{}, err
	}
	defer t.Close() //nolint:errcheck // the process ends
	spec := plan.KeySpec(p.Get("spec"))
	b, err := t.MakeBackup(ctx, spec)
	if err != nil {
		return answer{}, err
	}
	out, err := releaseAndDeal(ctx, t, b, set, recipients)
	if err == nil {
		out.BackupBlob, err = t.WrapBackup(ctx, b, ceremony.KeyID(p.Get("target")), spec)
	}
	if destroyed := t.Destroy(ctx, b.ID()); destroyed != nil || err != nil {
		return answer{}, errors.Join(err, destroyed)
	}
	out.Destroyed, out.SecretDo = true, secret.Protected()
	for i, c := range rec.Plan.With(plan.Custodian) {
		out.Shares[i].Custodian = c.ID
	}
	return answer{Split: &out}, nil
}

// dealing is the set and the recipients: the plan's, which the request must say
// too.
func dealing(rec transcript.Record, p ceremony.Values) (share.Set, []age.Recipient, error) {
	custodians := rec.Plan.With(plan.Custodian)
	k, n := rec.Plan.Shares.Threshold, rec.Plan.Shares.Count
	if p.Get("threshold") != strconv.Itoa(k) || p.Get("count") != strconv.Itoa(n) || p.Get("spec") != string(rec.Plan.Key.Spec) || len(custodians) != n {
		return share.Set{}, nil, errors.New("the split worker refuses: the request is not what the plan says")
	}
	var id [32]byte
	if _, err := hex.Decode(id[:], []byte(rec.Ceremony)); err != nil {
		return share.Set{}, nil, errors.New("the split worker refuses: the ceremony has no id")
	}
	var recipients []age.Recipient
	for _, c := range custodians {
		r, err := recipient(c.Recipient)
		if err != nil {
			return share.Set{}, nil, fmt.Errorf("recipient of %s: %w", c.ID, err)
		}
		recipients = append(recipients, r)
	}
	set, err := share.NewSet(id, k, n)
	return set, recipients, err
}

// recipient reads an age recipient, hybrid post-quantum or X25519.
func recipient(s string) (age.Recipient, error) {
	if r, err := age.ParseHybridRecipient(s); err == nil {
		return r, nil
	}
	return age.ParseX25519Recipient(s)
}

// releaseAndDeal has the backup key in clear, from the release to the wipe.
func releaseAndDeal(ctx context.Context, t *pkcs11.Token, b *pkcs11.Backup, set share.Set, recipients []age.Recipient) (split, error) {
	kcv, err := t.CheckValue(ctx, b.ID(), nil)
	if err != nil {
		return split{}, err
	}
	buf, free, err := locked(share.KeySize)
	if err != nil {
		return split{}, err
	}
	defer free()
	start := time.Now()
	if err := t.Release(ctx, b, buf); err != nil {
		return split{}, err
	}
	var dealt share.Split
	secret.Do(func() {
		if err = sameKey(buf, kcv); err == nil {
			dealt, err = share.Deal(buf, set, recipients)
		}
	})
	clear(buf)
	sweep()
	exposure := milliseconds(time.Since(start))
	if err != nil {
		return split{}, err
	}
	out := split{SplitID: set.SplitID(), Subsets: dealt.Subsets, AllSubsets: dealt.All, ExposureMS: exposure, BackupKCV: hex.EncodeToString(kcv)}
	for _, d := range dealt.Dealt {
		out.Shares = append(out.Shares, sealed{Index: d.Index, Sealed: d.Sealed, Commitment: d.Commitment})
	}
	return out, nil
}

// sweep has the collector erase at once what secret.Do left on the heap. Sync
// pools give theirs up at the second run.
func sweep() {
	runtime.GC()
	runtime.GC()
}

// sameKey compares key bytes with a check value that the token answered.
func sameKey(key, kcv []byte) error {
	got, err := keycheck.AESCheckValue(key)
	if err != nil || string(got[:]) != string(kcv) {
		return errors.New("the backup key's bytes have another check value than the HSM's key")
	}
	return nil
}

// milliseconds rounds up: an exposure is never told too short.
func milliseconds(d time.Duration) int {
	return int((d + time.Millisecond - 1) / time.Millisecond)
}
