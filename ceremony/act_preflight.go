package ceremony

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/ceremony/transcript"
)

// check dispatches the steps at which the program looks at something.
func (r *Run) check(ctx context.Context, s Step) error {
	do := map[string]func(context.Context, Request) (Values, error){
		"2.1": r.checkProgram,
		"2.2": r.checkAirGap,
		"2.3": r.checkClock,
		"2.4": checkSelfTest,
		"2.5": r.checkHSM,
		"2.8": r.checkWrapping,
		"3.2": r.checkAttributes,
	}[s.Number]
	if do == nil {
		return fmt.Errorf("step %s has no check", s.Number)
	}
	return r.accomplish(ctx, s, deed{statement: statement(s), do: do})
}

func (r *Run) checkProgram(ctx context.Context, _ Request) (Values, error) {
	return Values(r.cfg.Tool), r.confirmed(ctx, Question{Title: "Compare the program's digest", Params: paramsOf(r.cfg.Tool)})
}

func (r *Run) checkAirGap(ctx context.Context, _ Request) (Values, error) {
	var facts []transcript.Value
	if r.cfg.Facts != nil {
		facts = r.cfg.Facts(ctx)
	}
	return facts, r.confirmed(ctx, Question{Title: "Look at the laptop", Params: paramsOf(facts)})
}

// maxClockOffset is how far the laptop may be from an independent clock.
const maxClockOffset = 60 * time.Second

// checkClock compares the laptop's clock with two that people read.
func (r *Run) checkClock(ctx context.Context, _ Request) (Values, error) {
	readers := []plan.Member{r.plan.With(plan.Custodian)[0], r.plan.With(plan.Witness)[0]}
	var out Values
	for _, m := range readers {
		a, err := r.ask(ctx, Question{
			Kind: AskText, Blind: true, Person: &m, Title: "Time of an independent clock",
			Detail: "Type hours and minutes, and seconds if you have them, in UTC: 14:05 or 14:05:30.", Value: ValueClock,
		})
		if err != nil {
			return nil, err
		}
		offset, err := clockOffset(r.cfg.Clock.Now(), a.Text)
		if err != nil {
			return nil, err
		}
		out = append(out, value("offset/"+m.ID, strconv.Itoa(int(offset.Seconds()))))
		if offset.Abs() > maxClockOffset {
			return out, fmt.Errorf("the laptop is %s away from the clock of %s; at most %s is allowed: set it right", offset.Round(time.Second), m.Name, maxClockOffset)
		}
	}
	return out, nil
}

// clockOffset is how far now is ahead of a time of day, over midnight if that
// is nearer. A time without seconds stands for the middle of its minute.
func clockOffset(now time.Time, text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	t, err := time.Parse("15:04:05", text)
	if err != nil {
		if t, err = time.Parse("15:04", text); err != nil {
			return 0, fmt.Errorf("%q is not a time like 14:05 or 14:05:30", text)
		}
		t = t.Add(30 * time.Second)
	}
	now = now.UTC()
	day := time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	offset := now.Sub(day)
	switch half := 12 * time.Hour; {
	case offset > half:
		offset -= 2 * half
	case offset < -half:
		offset += 2 * half
	}
	return offset, nil
}

// checkHSM compares the serial number that a person reads from the device.
func (r *Run) checkHSM(ctx context.Context, _ Request) (Values, error) {
	info, err := r.cfg.Token.Info(ctx)
	if err != nil {
		return nil, err
	}
	out := Values{
		value("manufacturer", info.Manufacturer), value("model", info.Model), value("serial", info.Serial),
		value("firmware", info.Firmware), value("software", strconv.FormatBool(info.Software)),
	}
	err = r.typed(ctx, Question{
		Kind: AskText, Blind: true, Title: "Serial number on the HSM's label", Value: ValueSerial,
	}, info.Serial, compact)
	return out, err
}

// compact ignores spaces, dashes and letter case, which people add when reading.
func compact(s string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "", "\t", "").Replace(s))
}

// login asks two people for one half of the PIN each. A wrong PIN is shown with
// what the token says of the tries left, and never tried again by itself.
func (r *Run) login(ctx context.Context, s Step) error {
	return r.accomplish(ctx, s, deed{statement: statement(s), do: func(ctx context.Context, _ Request) (Values, error) {
		info, err := r.cfg.Token.Info(ctx)
		if err != nil {
			return nil, err
		}
		if info.Locked {
			return nil, stopf("the HSM says that its user PIN is locked; its security officer must reset it")
		}
		pin, err := r.pin(ctx, info)
		if err != nil {
			return nil, err
		}
		defer pin.Destroy()
		r.progress(ctx, "Logging in to the HSM")
		if err := r.cfg.Token.Login(ctx, pin); err != nil {
			return nil, err
		}
		r.loggedIn = true
		return Values{value("halves", "2"), value("pinPad", strconv.FormatBool(info.PINPad))}, nil
	}})
}

// pin joins two halves typed by two people; a token with a PIN pad asks itself.
func (r *Run) pin(ctx context.Context, info TokenInfo) (secret.Bytes, error) {
	if info.PINPad {
		return secret.Bytes{}, nil
	}
	var halves [2]secret.Bytes
	for i, m := range []plan.Member{r.plan.With(plan.Operator)[0], r.plan.With(plan.Administrator)[0]} {
		a, err := r.ask(ctx, Question{
			Kind: AskSecret, Person: &m, Title: fmt.Sprintf("PIN, half %d of 2", i+1), Detail: pinWarning(info), Value: pinHalf(i),
		})
		if err != nil {
			halves[0].Destroy()
			return secret.Bytes{}, err
		}
		halves[i] = a.Secret
	}
	defer halves[0].Destroy()
	defer halves[1].Destroy()
	return secret.Join(halves[0], halves[1]), nil
}

func pinWarning(info TokenInfo) string {
	switch {
	case info.FinalTry:
		return "This is the last try: a wrong PIN now locks the HSM."
	case info.TriesLow:
		return "A wrong PIN was given before. Few tries are left before the HSM locks."
	default:
		return "A wrong PIN counts against the HSM's limit of tries."
	}
}

// checkWrapping runs the wrap preflight and refuses what the token cannot do.
func (r *Run) checkWrapping(ctx context.Context, _ Request) (Values, error) {
	r.progress(ctx, "Wrapping throwaway keys")
	pre, err := r.cfg.Token.Preflight(ctx, Need{Spec: r.plan.Key.Spec, Algorithm: r.plan.Wrapping.Algorithm, KeySpec: r.plan.Wrapping.KeySpec})
	out := Values{value("cloud", pre.Cloud), value("backup", pre.Backup)}
	for _, x := range pre.Recipes {
		out = append(out, value("recipe/"+x.Name, string(x.Outcome)))
	}
	for _, x := range pre.Enforced {
		out = append(out, value("enforced/"+x.Rule, strconv.FormatBool(x.Held)))
	}
	if err != nil {
		return out, stopf("this HSM cannot do what the plan asks, and nothing was made: %v", err)
	}
	return out, nil
}

// inventory lists the HSM's objects; after the ceremony, the difference must be
// what the ceremony made and kept.
func (r *Run) inventory(ctx context.Context, s Step) error {
	return r.accomplish(ctx, s, deed{statement: statement(s), do: func(ctx context.Context, _ Request) (Values, error) {
		objects, err := r.cfg.Token.Inventory(ctx)
		if err != nil {
			return nil, err
		}
		out := inventoryValues(objects)
		if before, ok := r.state.Result(KindInventory); ok {
			out = append(out, r.difference(before, out)...)
		}
		if bad := out.Get("unexplained"); bad != "" {
			return out, fmt.Errorf("objects in the HSM that the ceremony cannot explain: %s", bad)
		}
		return out, r.confirmed(ctx, Question{Title: s.Title, Params: paramsOf(out)})
	}})
}

func inventoryValues(objects []Object) Values {
	out := Values{value("count", strconv.Itoa(len(objects)))}
	for i, o := range objects {
		kind := "token"
		if !o.Token {
			kind = "session"
		}
		out = append(out, value(fmt.Sprintf("object/%d", i+1), strings.Join([]string{kind, o.Class, o.Type, o.Label, o.ID}, " ")))
	}
	return out
}

// difference compares two inventories. The target is the one object that may be
// new, and only if the plan keeps it.
func (r *Run) difference(before, after Values) Values {
	left := map[string]int{}
	for _, v := range before {
		left[v.Value]++
	}
	target := r.state.Value(KindGenerate, "id")
	var added, unexplained []string
	for _, v := range after {
		if !strings.HasPrefix(v.Name, "object/") {
			continue
		}
		if left[v.Value] > 0 {
			left[v.Value]--
			continue
		}
		added = append(added, v.Value)
		if r.plan.Afterwards != plan.Keep || target == "" || !strings.HasSuffix(v.Value, " "+target) {
			unexplained = append(unexplained, v.Value)
		}
	}
	for _, v := range before {
		if strings.HasPrefix(v.Name, "object/") && left[v.Value] > 0 {
			left[v.Value]--
			unexplained = append(unexplained, "gone: "+v.Value)
		}
	}
	return Values{value("added", strings.Join(added, "; ")), value("unexplained", strings.Join(unexplained, "; "))}
}
