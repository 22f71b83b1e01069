package command

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/durable"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/policy"
	"keyrite.dev/keyrite/ceremony/rehearsal"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/ceremony/transcript"
)

func newRehearse(d Deps) *cobra.Command {
	var o RehearsalOptions
	var auto bool
	c := &cobra.Command{
		Use:   "rehearse --out DIR",
		Short: "Rehearse a whole ceremony with throwaway keys and a pretended cloud",
		Long: `Rehearse a whole ceremony: a throwaway HSM token, throwaway credentials, and an
embedded cloud KMS on loopback. Nothing real is touched. With --auto the program
plays all the people; else the window opens at step one.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkRehearsal(d, &o); err != nil {
				return err
			}
			if !auto {
				if d.Window == nil {
					return fail(ExitUsage, "this build has no window; use --auto")
				}
				return failed(d.Window(c.Context(), WindowConfig{Rehearse: rehearseByHand(d), Start: &o, Options: o}))
			}
			s, err := rehearse(c.Context(), d, o, func(p rehearsal.Props) ceremony.Prompter { return rehearsal.NewPlayer(p, c.ErrOrStderr()) }, true)
			s.print(c.OutOrStdout())
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&o.Plan, "plan", "", "plan to rehearse (plan.json or a signed plan); roster and officer are replaced")
	f.StringVar(&o.Token, "token", defaultToken, "throwaway HSM token: nss or softhsm")
	f.StringVar(&o.Endpoint, "endpoint-url", "", "another KMS, on loopback only; the key is created there")
	f.StringVar(&o.Region, "region", "", "region of the key; the plan's own if empty")
	f.StringVar(&o.Out, "out", "", "ceremony folder to make; it must not exist")
	f.BoolVar(&auto, "auto", false, "play all the people")
	_ = c.MarkFlagRequired("out") // the flag exists, two lines up
	return c
}

// defaultToken is the throwaway HSM of a rehearsal that names none.
const defaultToken = "nss"

func rehearseByHand(d Deps) func(context.Context, RehearsalOptions, ceremony.Prompter) (Summary, error) {
	return func(ctx context.Context, o RehearsalOptions, room ceremony.Prompter) (Summary, error) {
		if err := checkRehearsal(d, &o); err != nil {
			return Summary{}, err
		}
		return rehearse(ctx, d, o, func(p rehearsal.Props) ceremony.Prompter { return rehearsal.Prompted{Prompter: room, Props: p} }, false)
	}
}

// checkRehearsal refuses what cannot work before anything is made.
func checkRehearsal(d Deps, o *RehearsalOptions) error {
	if d.Tokens == nil {
		return fail(ExitUsage, "this build has no HSM support; use the desktop build")
	}
	if o.Token != "nss" && o.Token != "softhsm" {
		return fail(ExitUsage, "invalid --token %q: nss or softhsm", o.Token)
	}
	if o.Endpoint != "" && !isLoopback(o.Endpoint) {
		return fail(ExitUsage, "invalid --endpoint-url %q: a rehearsal talks to loopback addresses only", o.Endpoint)
	}
	o.Out = filepath.Clean(o.Out)
	for _, p := range []string{o.Out, o.Out + ".trusted"} {
		if _, err := os.Lstat(p); err == nil {
			return fail(ExitFailed, "%s exists; a rehearsal needs a new folder, and nothing is ever overwritten", p)
		}
	}
	return nil
}

func isLoopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// A session holds what one run of the verb makes and must take down again.
type session struct {
	d       Deps
	o       RehearsalOptions
	started time.Time
	cloud   ceremony.Cloud
	kms     RehearsalCloud // nil with --endpoint-url
	token   Throwaway
	people  rehearsal.People
	props   rehearsal.Props
	plan    policy.ApprovedPlan
	why     string // why the built-in plan is the SHA-1 one
	undo    []func() error
}

// rehearse runs everything from the plan to the proven cloud key.
func rehearse(ctx context.Context, d Deps, o RehearsalOptions, room func(rehearsal.Props) ceremony.Prompter, automatic bool) (s Summary, err error) {
	r := &session{d: d, o: o, started: time.Now()}
	defer func() {
		for _, undo := range r.undo {
			err = errors.Join(err, undo())
		}
	}()
	if err := r.prepare(ctx); err != nil {
		return s, err
	}
	run, err := r.conduct(ctx, room(r.props), automatic)
	if err != nil {
		return r.summarise(run, ceremony.Receipt{}, transcript.Report{}), exitError{ExitFailed, err}
	}
	receipt, err := r.importKey(ctx, run)
	if err != nil {
		return r.summarise(run, receipt, transcript.Report{}), exitError{ExitFailed, err}
	}
	report := transcript.Verify(r.o.Out, r.trusted(), transcript.Options{})
	s = r.summarise(run, receipt, report)
	if report.Code != ExitOK {
		return s, fail(report.Code, "the transcript does not verify: %s", report.Verdict)
	}
	return s, nil
}

// prepare makes cloud, token, people and the derived plan.
func (r *session) prepare(ctx context.Context) error {
	base, original, err := r.basePlan()
	if err != nil {
		return err
	}
	if err := r.startCloud(ctx, base.Destination.Region); err != nil {
		return err
	}
	if r.people, err = rehearsal.NewPeople(base.Roster); err != nil {
		return err
	}
	if err := r.makeToken(ctx); err != nil {
		return err
	}
	base.Original = original
	if base.Destination, err = r.cloud.CreateKey(ctx, base.Key.Spec, "Keyrite rehearsal"); err != nil {
		return err
	}
	base.Roster = r.people.Roster(base.Roster, r.token.TranscriptKey)
	if r.plan, err = r.approve(ctx, base); err != nil {
		return err
	}
	return r.writeTrusted()
}

// basePlan is the plan to rehearse and, for a file, its SHA-256.
func (r *session) basePlan() (plan.Plan, string, error) {
	if r.o.Plan == "" {
		if r.o.Token == "softhsm" {
			r.why = plan.WhySHA1
		}
		return plan.Default(plan.AES256, r.o.Token == "softhsm"), "", nil
	}
	p, data, err := readPlan(r.o.Plan)
	if err != nil {
		return p, "", exitError{ExitUsage, err}
	}
	sum := sha256.Sum256(data)
	return p, hex.EncodeToString(sum[:]), nil
}

func (r *session) startCloud(ctx context.Context, region string) error {
	at := Endpoint{URL: r.o.Endpoint, Region: region, Rehearsal: true}
	if r.o.Region != "" {
		at.Region = r.o.Region
	}
	if at.URL == "" {
		kms, err := r.d.Rehearsal(ctx, "127.0.0.1:0")
		if err != nil {
			return err
		}
		r.kms, at.URL = kms, kms.URL()
		r.undo = append(r.undo, kms.Close)
	}
	var err error
	r.cloud, err = r.d.Cloud(ctx, at)
	return err
}

// makeToken makes the throwaway token in a temporary folder, with a PIN whose
// halves two people of the rehearsal know.
func (r *session) makeToken(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "keyrite-rehearsal-")
	if err != nil {
		return fmt.Errorf("failed to make a folder for the throwaway token: %w", err)
	}
	r.undo = append(r.undo, func() error { return os.RemoveAll(folder) })
	halves := []string{rehearsal.Digits(4), rehearsal.Digits(4)}
	pin := secret.Copy([]byte(halves[0] + halves[1]))
	defer pin.Destroy()
	so := secret.Copy([]byte(rehearsal.Digits(8)))
	defer so.Destroy()
	if r.token, err = r.d.Tokens.MakeThrowaway(ctx, r.o.Token, folder, so, pin); err != nil {
		return err
	}
	r.undo = append([]func() error{r.token.Close}, r.undo...)
	info, err := r.token.Token.Info(ctx)
	if err != nil {
		return err
	}
	r.props = rehearsal.Props{
		Passphrases: r.people.Passphrases,
		Paper: map[string]string{
			ceremony.ValuePIN + "/1": halves[0], ceremony.ValuePIN + "/2": halves[1],
			ceremony.ValueSerial: info.Serial,
		},
		Clock: wallClock{},
	}
	return nil
}

// approve checks the derived plan and has the throwaway officer sign it.
func (r *session) approve(ctx context.Context, p plan.Plan) (policy.ApprovedPlan, error) {
	target, ok := r.d.Targets[p.Destination.Cloud]
	if !ok {
		return policy.ApprovedPlan{}, fail(ExitUsage, "invalid plan: cloud %q is not known", p.Destination.Cloud)
	}
	checked, violations := policy.Check(p, target)
	if len(violations) > 0 {
		return policy.ApprovedPlan{}, exitError{ExitFailed, violations}
	}
	officer, err := r.people.Unlock(ctx, p.With(plan.Officer)[0])
	if err != nil {
		return policy.ApprovedPlan{}, err
	}
	defer officer.Release()
	return policy.Sign(ctx, checked, dsse.Rehearsal, officer)
}

// conduct fetches the import parameters and runs the ceremony.
func (r *session) conduct(ctx context.Context, room ceremony.Prompter, automatic bool) (*ceremony.Run, error) {
	p := r.plan.Plan()
	parcel, err := r.fetch(ctx, p)
	if err != nil {
		return nil, err
	}
	run, err := ceremony.NewRun(ctx, ceremony.Config{
		Plan: r.plan, Folder: r.o.Out, Token: r.token.Token, Splitter: r.token.Splitter(r.people.File),
		Target: r.d.Targets[p.Destination.Cloud], Prompter: room, Credentials: r.people.Store, Clock: wallClock{},
		Parameters: func(context.Context) ([]byte, error) { return parcel, nil },
		Tool:       toolFacts(r.d.Version), Facts: laptopFacts, Automatic: automatic,
	})
	if err != nil {
		return nil, err
	}
	return run, run.Do(ctx)
}

// fetch plays the online operator, and puts the fingerprints on the officer's
// paper as the second channel would.
func (r *session) fetch(ctx context.Context, p plan.Plan) ([]byte, error) {
	fetcher, err := r.people.Unlock(ctx, p.With(plan.Fetcher)[0])
	if err != nil {
		return nil, err
	}
	defer fetcher.Release()
	parcel, err := r.cloud.Fetch(ctx, ceremony.Fetch{Mode: dsse.Rehearsal, Key: p.Destination.Key, Spec: p.Key.Spec, Wrapping: p.Wrapping, Signer: fetcher})
	if err != nil {
		return nil, err
	}
	params, err := r.d.Targets[p.Destination.Cloud].OpenParameters(parcel, dsse.Rehearsal, p)
	if err != nil {
		return nil, err
	}
	for i, set := range params.Sets {
		r.props.Paper[fmt.Sprintf("%s/%d", ceremony.ValueFingerprint, i+1)] = set.Fingerprint
	}
	return parcel, nil
}

// importKey plays the importer: another person than the fetcher.
func (r *session) importKey(ctx context.Context, run *ceremony.Run) (ceremony.Receipt, error) {
	parcel, err := os.ReadFile(filepath.Join(r.o.Out, ceremony.WrappedFile))
	if err != nil {
		return ceremony.Receipt{}, fmt.Errorf("failed to read the wrapped-key parcel: %w", err)
	}
	importer, err := r.people.Unlock(ctx, r.plan.Plan().With(plan.Importer)[0])
	if err != nil {
		return ceremony.Receipt{}, err
	}
	defer importer.Release()
	receipt, err := r.cloud.Import(ctx, ceremony.Import{Parcel: parcel, Trusted: r.trusted(), Signer: importer, Control: true})
	if err != nil {
		return receipt, err
	}
	if err := checkTag(run, receipt); err != nil {
		return receipt, err
	}
	return receipt, durable.Write(filepath.Join(r.o.Out, ceremony.ReceiptFile), receipt.Parcel, 0o640)
}

// checkTag compares the cloud's tag with the one that the HSM made: the officer's
// part of the proof for HMAC keys.
func checkTag(run *ceremony.Run, receipt ceremony.Receipt) error {
	want := run.State().Value(ceremony.KindGenerate, "tag")
	if want == "" || want == hex.EncodeToString(receipt.Tag) {
		return nil
	}
	return errors.New("the cloud's tag over the nonce differs from the HSM's: the cloud holds another key")
}

// trusted is the list that reaches the reader by another way.
func (r *session) trusted() transcript.Trusted { return rehearsal.Trusted(r.plan.Plan().Roster) }

func (r *session) writeTrusted() error {
	var b strings.Builder
	b.WriteString("# Throwaway keys of a rehearsal. In a ceremony this list comes on paper.\n")
	for _, m := range r.plan.Plan().Roster {
		fmt.Fprintf(&b, "%s %s %s\n", rehearsal.Fingerprint(m), m.Role, m.Name)
	}
	if err := os.MkdirAll(filepath.Dir(r.o.Out), 0o750); err != nil {
		return fmt.Errorf("failed to make the folder: %w", err)
	}
	return durable.Write(r.o.Out+".trusted", []byte(b.String()), 0o640)
}

type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now().UTC() }

// maxPlanFile caps what is read as a plan.
const maxPlanFile = 1 << 20

// readPlan reads a plan to rehearse: as written by hand, or signed.
func readPlan(path string) (plan.Plan, []byte, error) {
	data, err := readCapped(path, maxPlanFile)
	if err != nil {
		return plan.Plan{}, nil, err
	}
	if bytes.HasPrefix(data, []byte(signedPrefix)) {
		_, p, err := policy.OpenUnchecked(data)
		return p, data, err
	}
	p, err := plan.Parse(data)
	return p, data, err
}

// readCapped reads a regular file of at most limit bytes.
func readCapped(path string, limit int64) ([]byte, error) {
	// Opening a named pipe would wait for a writer that may never come.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("invalid %s: not a regular file", path)
	}
	f, err := os.Open(path) //nolint:gosec // the path is the user's own
	if err != nil {
		return nil, fmt.Errorf("failed to read %s: %w", path, err)
	}
	defer f.Close() //nolint:errcheck // read only
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("failed to read %s: %w", path, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("invalid %s: more than %d bytes", path, limit)
	}
	return data, nil
}
