package credential

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"filippo.io/age"

	"keyrite.dev/keyrite/ceremony/canon"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
)

const phrase = "topmost Istanbul Pluto vagabond"

// cheap are options whose scrypt costs nothing.
var cheap = Options{LogN: 2, Mode: dsse.Rehearsal}

func pass(s string) secret.Bytes { return secret.Copy([]byte(s)) }

func create1(t testing.TB) ([]byte, Public) {
	t.Helper()
	file, pub, err := Create("Zoë Laurent", plan.Custodian, pass(phrase), cheap)
	if err != nil {
		t.Fatal(err)
	}
	return file, pub
}

func TestACredentialSignsAndUnsealsAfterItWasWrittenAndRead(t *testing.T) {
	file, pub := create1(t)
	again, err := Parse(file)
	if err != nil || again != pub {
		t.Fatalf("%v: %+v, want %+v", err, again, pub)
	}
	if pub.Name != "Zoë Laurent" || pub.Role != plan.Custodian || pub.Mode != dsse.Rehearsal || pub.LogN != 2 {
		t.Errorf("%+v", pub)
	}
	u, err := Unlock(file, pass(phrase))
	if err != nil {
		t.Fatal(err)
	}
	defer u.Release()
	sig, err := u.Sign(context.Background(), []byte("message"))
	if err != nil || u.Public() != pub.Key || !pub.Key.Verify([]byte("message"), sig) {
		t.Errorf("the signature does not verify: %v", err)
	}
	if got := unseal(t, sealTo(t, pub.Recipient, "share"), u.Identity()); got != "share" {
		t.Errorf("unsealed %q", got)
	}
}

func sealTo(t *testing.T, recipient, text string) []byte {
	t.Helper()
	r, err := age.ParseHybridRecipient(recipient)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func unseal(t *testing.T, sealed []byte, id ...age.Identity) string {
	t.Helper()
	r, err := age.Decrypt(bytes.NewReader(sealed), id...)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

// A share must open in ten years without this program: the private part is an
// age file, and what is in it is an age identity file.
func TestAgeAloneOpensACredentialAndThenAShare(t *testing.T) {
	file, pub := create1(t)
	_, private, err := parse(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := age.NewScryptIdentity(phrase)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := age.ParseIdentities(strings.NewReader(unseal(t, private, s)))
	if err != nil || len(ids) != 1 {
		t.Fatalf("%d identities, %v", len(ids), err)
	}
	if got := unseal(t, sealTo(t, pub.Recipient, "share"), ids...); got != "share" {
		t.Errorf("unsealed %q", got)
	}
}

func TestAWrongPassphraseIsToldApart(t *testing.T) {
	file, _ := create1(t)
	for _, p := range []string{"", phrase + " ", strings.ToLower(phrase), phrase[1:], "x"} {
		u, err := Unlock(file, pass(p))
		if !errors.Is(err, ErrPassphrase) || u != nil {
			t.Errorf("%q: %v", p, err)
		}
		if p != "" && err != nil && strings.Contains(err.Error(), p+" ") {
			t.Errorf("the error repeats the passphrase: %v", err)
		}
	}
	if _, err := Unlock(file[:len(file)-1], pass(phrase)); err == nil || errors.Is(err, ErrPassphrase) {
		t.Errorf("a damaged file is taken for a wrong passphrase: %v", err)
	}
}

func TestNothingSignsAfterRelease(t *testing.T) {
	file, _ := create1(t)
	u, err := Unlock(file, pass(phrase))
	if err != nil {
		t.Fatal(err)
	}
	u.Release()
	u.Release()
	if sig, err := u.Sign(context.Background(), []byte("m")); err == nil {
		t.Errorf("signed %x", sig)
	}
	if u.Identity() != nil {
		t.Error("the identity is still there")
	}
}

func TestSignObeysItsContext(t *testing.T) {
	file, _ := create1(t)
	u, err := Unlock(file, pass(phrase))
	if err != nil {
		t.Fatal(err)
	}
	defer u.Release()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := u.Sign(ctx, []byte("m")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAnUnlockedCredentialPrintsNoKey(t *testing.T) {
	file, _ := create1(t)
	u, err := Unlock(file, pass(phrase))
	if err != nil {
		t.Fatal(err)
	}
	defer u.Release()
	var seed []byte
	if err := u.key.Expose(func(b []byte) error { seed = ed25519.PrivateKey(bytes.Clone(b)).Seed(); return nil }); err != nil {
		t.Fatal(err)
	}
	holder := struct {
		Exported *Unlocked
		hidden   *Unlocked
		value    Unlocked
	}{u, u, *u}
	for _, v := range []any{u, *u, holder, &holder, []*Unlocked{u}} {
		for _, verb := range "vTtbcdoOqxXUsp" {
			for _, flag := range []string{"", "+", "#"} {
				out := fmt.Sprintf("%"+flag+string(verb), v)
				for _, spelling := range []string{
					string(seed[:4]), fmt.Sprintf("%x", seed[:4]), fmt.Sprintf("%X", seed[:4]),
					strings.Trim(fmt.Sprint(seed[:4]), "[]"), "SECRET-KEY",
				} {
					if strings.Contains(out, spelling) {
						t.Errorf("%%%s%c: %s", flag, verb, out)
					}
				}
			}
		}
		if out, err := json.Marshal(v); err == nil && strings.Contains(string(out), "SECRET") {
			t.Errorf("%s", out)
		}
	}
}

// rewrite changes the document and signs it again with a key of the forger's
// choice, nil for the document's own.
func rewrite(t *testing.T, file []byte, sign *Unlocked, edit func(*document)) []byte {
	t.Helper()
	e, err := dsse.Parse(bytes.TrimSuffix(file, []byte("\n")))
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := canon.Unmarshal(e.Payload, &d); err != nil {
		t.Fatal(err)
	}
	edit(&d)
	payload, err := canon.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	e, err = dsse.Sign(context.Background(), e.PayloadType, payload, sign)
	if err != nil {
		t.Fatal(err)
	}
	data, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return append(data, '\n')
}

func TestACredentialWhoseOwnerLiesIsRefused(t *testing.T) {
	file, _ := create1(t)
	own, err := Unlock(file, pass(phrase))
	if err != nil {
		t.Fatal(err)
	}
	otherFile, other := create1(t)
	_, otherPrivate, err := parse(otherFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		edit func(*document)
		want string // of Parse, or else of Unlock
	}{
		{"another's key", func(d *document) { d.Key = other.Key.DER() }, "not signed by its own key"},
		{"no key", func(d *document) { d.Key = []byte{} }, "invalid public key"},
		{"another version", func(d *document) { d.Version = 2 }, "version 2"},
		{"no name", func(d *document) { d.Name = "" }, "name"},
		{"a name that misleads", func(d *document) { d.Name = strings.Repeat("x", 201) }, "name"},
		{"an unknown role", func(d *document) { d.Role = "king" }, "unknown role"},
		{"the HSM's role", func(d *document) { d.Role = plan.HSM }, "the HSM's key"},
		{"another work factor than the lock's", func(d *document) { d.LogN = 3 }, "another work factor"},
		{"a work factor that stops the room", func(d *document) { d.LogN = 30 }, "work factor"},
		{"no recipient", func(d *document) { d.Recipient = "" }, "recipient"},
		{"a recipient without post-quantum part", func(d *document) {
			d.Recipient = "age1mqvmddx7qhmmkc829xcclh5aa4qmm2ygtmlrt3y7nhefq22za2cs38sfaj"
		}, "does not begin with age1pq1"},
		{"a damaged recipient", func(d *document) { d.Recipient = d.Recipient[:len(d.Recipient)-1] }, "damaged"},
		{"no private part", func(d *document) { d.Private = []byte{} }, "work factor"},
		{"another's recipient", func(d *document) { d.Recipient = other.Recipient }, "does not belong to its public part"},
		{"another's private part", func(d *document) { d.Private = otherPrivate }, "does not belong to its public part"},
		{"a cut private part", func(d *document) { d.Private = d.Private[:len(d.Private)-1] }, "damaged"},
		{"a changed private part", func(d *document) { d.Private[len(d.Private)-1] ^= 1 }, "damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := rewrite(t, file, own, c.edit)
			_, err := Parse(bad)
			if err == nil {
				_, err = Unlock(bad, pass(phrase))
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrPassphrase) {
				t.Errorf("%v, want …%s…", err, c.want)
			}
		})
	}
}

func TestAForgerCannotChangeACredential(t *testing.T) {
	file, _ := create1(t)
	for i := range file {
		changed := bytes.Clone(file)
		changed[i] ^= 1 << (i % 8)
		if _, err := Parse(changed); err == nil {
			t.Fatalf("byte %d of %d changed, and the file is taken", i, len(file))
		}
	}
	for _, bad := range [][]byte{nil, file[:len(file)-1], append(bytes.Clone(file), '\n'), make([]byte, MaxFile+1)} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("%d bytes of %d are taken", len(bad), len(file))
		}
	}
}

func TestAPrivatePartOfThePassphrasesOwnMakingIsRefused(t *testing.T) {
	file, pub := create1(t)
	u, err := Unlock(file, pass(phrase))
	if err != nil {
		t.Fatal(err)
	}
	seed := ""
	if err := u.key.Expose(func(b []byte) error { seed = fmt.Sprintf("%x", b[:32]); return nil }); err != nil {
		t.Fatal(err)
	}
	_, private, err := parse(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := age.NewScryptIdentity(phrase)
	if err != nil {
		t.Fatal(err)
	}
	_, identity, _ := strings.Cut(unseal(t, private, s), "\n")
	for _, plain := range []string{
		"", "\n", seedPrefix, seedPrefix + seed + "\n", seedPrefix + seed + "\n" + strings.TrimSpace(identity),
		seed + "\n" + identity, seedPrefix + seed + "00\n" + identity, seedPrefix + "zz" + seed[2:] + "\n" + identity,
		seedPrefix + seed + "\n\n" + identity, seedPrefix + seed + "\n" + identity + "\n", identity,
		seedPrefix + "00" + seed[2:] + "\n" + identity,
	} {
		if err := (&Unlocked{}).read([]byte(plain), pub); err == nil {
			t.Errorf("%q is taken", plain)
		}
	}
	if err := (&Unlocked{}).read([]byte(seedPrefix+seed+"\n"+identity), pub); err != nil {
		t.Errorf("the true one is refused: %v", err)
	}
}

func TestCreateRefusesWhatItCouldNotReadBack(t *testing.T) {
	for _, c := range []struct {
		name, owner string
		role        plan.Role
		pass        string
		opt         Options
	}{
		{"no name", "", plan.Witness, phrase, cheap},
		{"a name that misleads", "A\u202eB", plan.Witness, phrase, cheap},
		{"a name with space around it", " A", plan.Witness, phrase, cheap},
		{"an unknown role", "A", "king", phrase, cheap},
		{"the HSM", "A", plan.HSM, phrase, cheap},
		{"no passphrase", "A", plan.Witness, "", cheap},
		{"a line feed in the passphrase", "A", plan.Witness, phrase + "\n", cheap},
		{"no mode", "A", plan.Witness, phrase, Options{LogN: 2}},
		{"cheap locks in production", "A", plan.Witness, phrase, Options{LogN: 16, Mode: dsse.Production}},
		{"locks beyond the cap", "A", plan.Witness, phrase, Options{LogN: 21, Mode: dsse.Production}},
		{"a weak passphrase in production", "A", plan.Witness, "correct horse", Options{LogN: 17, Mode: dsse.Production}},
	} {
		if file, _, err := Create(c.owner, c.role, pass(c.pass), c.opt); err == nil || file != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestProductionIsLockedAtTheDefaultCost(t *testing.T) {
	file, pub, err := Create("A", plan.Officer, pass(phrase), Options{Mode: dsse.Production})
	if err != nil {
		t.Fatal(err)
	}
	if pub.LogN != DefaultLogN || pub.Mode != dsse.Production {
		t.Errorf("%+v", pub)
	}
	u, err := Unlock(file, pass(phrase))
	if err != nil {
		t.Fatal(err)
	}
	defer u.Release()
	if u.Stretching() <= 0 {
		t.Error("scrypt took no time")
	}
}

func TestWeakPassphrasesAreRefused(t *testing.T) {
	for p, ok := range map[string]bool{
		"": false, "short": false, "12345678901234": false, "aaaaaaaaaaaaaaaaaaaaaaa": false, "abababababababababab": false,
		"topmost Istanbul Pluto\t": false, strings.Repeat("topmost ", 200): false,
		"topmost Istanbul": true, phrase: true, "Ελένη Παππά Ελένη": true,
	} {
		if err := CheckPassphrase(pass(p)); (err == nil) != ok {
			t.Errorf("%.30q: %v", p, err)
		}
	}
}

func TestOnlyACustodianHasARecipientInTheRoster(t *testing.T) {
	_, pub := create1(t)
	m := pub.Member("custodian-1")
	if m.Recipient != pub.Recipient || m.Name != pub.Name || m.Role != plan.Custodian || !bytes.Equal(m.Key, pub.Key.DER()) || m.ID != "custodian-1" {
		t.Errorf("%+v", m)
	}
	pub.Role = plan.Witness
	if m := pub.Member("witness"); m.Recipient != "" {
		t.Error("a witness could open a share")
	}
}

func FuzzParse(f *testing.F) {
	file, _ := create1(f)
	f.Add(file)
	f.Add([]byte("{}\n"))
	f.Add(bytes.Replace(file, []byte(".rehearsal"), nil, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		pub, err := Parse(data)
		if err != nil {
			return
		}
		if pub.Key.ID() == "" || pub.Mode == 0 || pub.LogN > MaxLogN || CheckRecipient(pub.Recipient) != nil {
			t.Fatalf("%+v", pub)
		}
	})
}
