package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"keyrite.dev/keyrite/ceremony/credential"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/durable"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/policy"
)

// newPlan is the verb plan: what is decided before the day.
func newPlan(d Deps) *cobra.Command {
	c := &cobra.Command{
		Use:   "plan",
		Short: "Check, sign and begin ceremony plans",
		Args:  cobra.NoArgs,
	}
	c.AddCommand(newPlanCheck(d), newPlanSign(d), newPlanDefault())
	return c
}

func newPlanCheck(d Deps) *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE",
		Short: "Hold a plan against every rule",
		Long: `Check reads a plan, as written by hand or signed, and prints every rule it
breaks, one per line: identifier, subject, reason. docs/assurance.md explains
the rules.

Exit codes: 0 no rule is broken, 1 rules are broken, 2 FILE is not a plan.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			file, err := openPlan(args[0])
			if err != nil {
				return err
			}
			if _, err := file.check(c.OutOrStdout(), d); err != nil {
				return err
			}
			_, err = io.WriteString(c.OutOrStdout(), file.summary())
			return err
		},
	}
}

// A planFile is a plan that was read, signed or not.
type planFile struct {
	path string
	plan plan.Plan
	mode dsse.Mode // 0: not signed
}

// signedPrefix begins every envelope in its one spelling, and no plan.
const signedPrefix = `{"payload":`

func openPlan(path string) (planFile, error) {
	f := planFile{path: path}
	data, err := readCapped(path, maxPlanFile)
	if err != nil {
		return f, exitError{ExitUsage, err}
	}
	if bytes.HasPrefix(data, []byte(signedPrefix)) {
		f.mode, f.plan, err = policy.OpenUnchecked(data)
	} else {
		f.plan, err = plan.Parse(data)
	}
	if err != nil {
		return f, fail(ExitUsage, "%s: %w", path, err)
	}
	return f, nil
}

// check prints the violations, if there are any.
func (f planFile) check(w io.Writer, d Deps) (policy.Checked, error) {
	var target policy.Target // a nil interface where the cloud is not known
	if t, ok := d.Targets[f.plan.Destination.Cloud]; ok {
		target = t
	}
	checked, violations := policy.Check(f.plan, target)
	if len(violations) == 0 {
		return checked, nil
	}
	for _, v := range violations {
		if _, err := fmt.Fprintln(w, v); err != nil {
			return checked, err
		}
	}
	return checked, fail(ExitFailed, "%s is refused: %s", f.path, counted(len(violations), "violation"))
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// summary is what a reviewer wants to see of a plan that breaks no rule: the
// exceptions first.
func (f planFile) summary() string {
	var b strings.Builder
	p := f.plan
	fmt.Fprintf(&b, "%s: no rule is broken\n", f.path)
	for _, e := range p.Exceptions {
		fmt.Fprintf(&b, "  exception    %s: %s\n", e.Rule, e.Reason)
	}
	fmt.Fprintf(&b, "  title        %s\n", p.Title)
	fmt.Fprintf(&b, "  key          %s %q, %d days\n", p.Key.Spec, p.Key.Label, p.Cryptoperiod)
	fmt.Fprintf(&b, "  destination  %s\n", p.Destination.Key)
	fmt.Fprintf(&b, "  wrapping     %s with %s\n", p.Wrapping.Algorithm, p.Wrapping.KeySpec)
	fmt.Fprintf(&b, "  shares       %d of %d\n", p.Shares.Threshold, p.Shares.Count)
	fmt.Fprintf(&b, "  afterwards   %s the key in the HSM\n", p.Afterwards)
	if f.mode == 0 {
		b.WriteString("  signed       not yet\n")
	} else {
		fmt.Fprintf(&b, "  signed       by %s, for %s\n", p.With(plan.Officer)[0].Name, f.mode)
	}
	return b.String()
}

func newPlanSign(d Deps) *cobra.Command {
	v := signVerb{d: d}
	c := &cobra.Command{
		Use:   "sign FILE --credential FILE --out FILE",
		Short: "Sign a plan as its security officer",
		Long: `Sign checks the plan as "plan check" does, signs it with the officer's
credential and writes the signed plan. A plan that breaks a rule is not signed.
Only the officer whom the plan names can sign it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return v.run(c, args[0])
		},
	}
	v.credential.add(c)
	c.Flags().StringVar(&v.out, "out", "", "file to write, which must not exist (required)")
	c.Flags().BoolVar(&v.rehearsal, "rehearsal", false, "sign for a rehearsal")
	return c
}

type signVerb struct {
	d          Deps
	credential credentialFlags
	out        string
	rehearsal  bool
}

func (v signVerb) run(c *cobra.Command, path string) error {
	if err := checkNew(v.out); err != nil {
		return err
	}
	f, err := openPlan(path)
	if err != nil {
		return err
	}
	if f.mode != 0 {
		return fail(ExitUsage, "%s is signed already", path)
	}
	checked, err := f.check(c.OutOrStdout(), v.d)
	if err != nil {
		return err
	}
	file, pub, err := v.credential.read(plan.Officer)
	if err != nil {
		return err
	}
	mode := modeOf(v.rehearsal)
	if pub.Mode != mode { // told before the passphrase is asked for
		return fail(ExitFailed, "%s is a credential for %s, and this signs for %s", v.credential.file, pub.Mode, mode)
	}
	officer, err := v.credential.unlock(c.InOrStdin(), c.ErrOrStderr(), file)
	if err != nil {
		return err
	}
	defer officer.Release()
	approved, err := policy.Sign(c.Context(), checked, mode, officer)
	if err != nil {
		return exitError{ExitFailed, err}
	}
	if err := durable.Write(v.out, approved.Envelope(), 0o644); err != nil {
		return exitError{ExitFailed, err}
	}
	return reportSigned(c.OutOrStdout(), v.out, approved, pub)
}

func reportSigned(w io.Writer, out string, a policy.ApprovedPlan, by credential.Public) error {
	_, err := fmt.Fprintf(w, "%s: signed by %s for %s\n\nSHA-256 of the signed plan:\n%s\nFingerprint of the officer:\n%s",
		out, by.Name, a.Mode(), digestText(a.Digest()), digestText(by.Fingerprint()))
	return err
}

func newPlanDefault() *cobra.Command {
	var spec, token string
	c := &cobra.Command{
		Use:   "default",
		Short: "Print an example plan to start from",
		Long: `Default prints a plan that breaks no rule. Its people are invented, and its keys
belong to nobody: put the roster entries that "credential show" prints in their
place. A rehearsal does so by itself.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if plan.KeySpec(spec).Bytes() == 0 {
				return fail(ExitUsage, "invalid --spec %q: AES_256, HMAC_224, HMAC_256, HMAC_384 or HMAC_512", spec)
			}
			if token != "nss" && token != "softhsm" {
				return fail(ExitUsage, "invalid --token %q: nss or softhsm", token)
			}
			data, err := plan.Pretty(plan.Default(plan.KeySpec(spec), token == "softhsm"))
			if err != nil {
				return exitError{ExitFailed, err}
			}
			_, err = c.OutOrStdout().Write(data)
			return err
		},
	}
	c.Flags().StringVar(&spec, "spec", string(plan.AES256), "key to be made")
	c.Flags().StringVar(&token, "token", "nss", "software token of the rehearsal: nss, or softhsm (OAEP with SHA-1 only)")
	return c
}

// rosterEntry is a member as it stands in a plan file.
func rosterEntry(m plan.Member) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(m)
	return strings.TrimSpace(b.String()), err
}
