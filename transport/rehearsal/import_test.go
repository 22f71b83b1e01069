package rehearsal_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"keyrite.dev/keyrite/transport/rehearsal"
)

const day = 24 * time.Hour

func TestParametersLiveADay(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	arn := w.create("SYMMETRIC_DEFAULT", "EXTERNAL")
	in := w.wrapped(arn, random(32), nil)
	w.clock.now = w.clock.now.Add(day)
	w.refused("ImportKeyMaterial", in, "ExpiredImportTokenException", "")
	w.clock.now = w.clock.now.Add(-time.Second)
	w.call("ImportKeyMaterial", in)
}

// TestTokenAndKeyBelongTogether: a token is for one KMS key and one wrapping key.
func TestTokenAndKeyBelongTogether(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	mine, other := w.create("SYMMETRIC_DEFAULT", "EXTERNAL"), w.create("SYMMETRIC_DEFAULT", "EXTERNAL")
	in := w.wrapped(mine, random(32), nil)
	second := w.wrapped(mine, random(32), nil)
	w.refused("ImportKeyMaterial", in.with(fields{"KeyId": other}), "InvalidImportTokenException", "")
	w.refused("ImportKeyMaterial", in.with(fields{"ImportToken": second["ImportToken"]}), "InvalidCiphertextException", "")
	token := unbase64(t, in["ImportToken"])
	for _, i := range []int{0, 1, 40, len(token) - 1} {
		bad := bytes.Clone(token)
		bad[i] ^= 1
		w.refused("ImportKeyMaterial", in.with(fields{"ImportToken": bad}), "InvalidImportTokenException", "")
	}
	for _, bad := range [][]byte{token[:len(token)-1], token[:20], append(bytes.Clone(token), 0)} {
		w.refused("ImportKeyMaterial", in.with(fields{"ImportToken": bad}), "InvalidImportTokenException", "")
	}
	w.call("ImportKeyMaterial", in)
	w.call("ImportKeyMaterial", in) // nothing that AWS says forbids it
}

func TestSingleUseTokensWorkOnce(t *testing.T) {
	w := newWire(t, rehearsal.Config{SingleUse: true})
	arn := w.create("SYMMETRIC_DEFAULT", "EXTERNAL")
	in := w.wrapped(arn, random(32), nil)
	w.call("ImportKeyMaterial", in)
	w.refused("ImportKeyMaterial", in, "InvalidImportTokenException", "")
}

func TestTakesMaterialOfTheRightLengthOnly(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	for spec, size := range map[string]int{"SYMMETRIC_DEFAULT": 32, "HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64} {
		arn := w.create(spec, "EXTERNAL")
		for _, n := range []int{0, 16, size - 1, size + 1} {
			w.refused("ImportKeyMaterial", w.wrapped(arn, random(n), nil), "IncorrectKeyMaterialException", "*")
		}
		w.call("ImportKeyMaterial", w.wrapped(arn, random(size), nil))
		if state := w.state(arn); state != "Enabled" {
			t.Errorf("%s: state %s", spec, state)
		}
	}
}

// TestImportTypeDefaultFlips: new for the first import, existing afterwards.
func TestImportTypeDefaultFlips(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	arn, material := w.create("SYMMETRIC_DEFAULT", "EXTERNAL"), random(32)
	first := w.call("ImportKeyMaterial", w.wrapped(arn, material, nil))
	again := w.call("ImportKeyMaterial", w.wrapped(arn, material, nil))
	if id := text(t, first, "KeyMaterialId"); len(id) != 64 || again["KeyMaterialId"] != id {
		t.Errorf("material is %v, then %v", id, again["KeyMaterialId"])
	}
	w.refused("ImportKeyMaterial", w.wrapped(arn, random(32), nil), "IncorrectKeyMaterialException",
		"The key material is not associated with "+arn+".")
}

func TestExistingMaterialMustBeTheSame(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	arn, material := w.create("SYMMETRIC_DEFAULT", "EXTERNAL"), random(32)
	existing := fields{"ImportType": "EXISTING_KEY_MATERIAL"}
	w.refused("ImportKeyMaterial", w.wrapped(arn, material, existing), "IncorrectKeyMaterialException", "*")
	id := text(t, w.call("ImportKeyMaterial", w.wrapped(arn, material, fields{"ImportType": "NEW_KEY_MATERIAL"})), "KeyMaterialId")
	w.call("ImportKeyMaterial", w.wrapped(arn, material, existing))
	w.call("ImportKeyMaterial", w.wrapped(arn, material, existing.with(fields{"KeyMaterialId": id})))
	w.refused("ImportKeyMaterial", w.wrapped(arn, random(32), existing.with(fields{"KeyMaterialId": id})), "IncorrectKeyMaterialException",
		"The key material does not match the specified key material ID.")
	w.refused("ImportKeyMaterial", w.wrapped(arn, material, existing.with(fields{"KeyMaterialId": strings.Repeat("0", 64)})), "IncorrectKeyMaterialException",
		"The key material does not match the specified key material ID.")
	w.refused("ImportKeyMaterial", w.wrapped(arn, material, fields{"ImportType": "NEW_KEY_MATERIAL"}), "IncorrectKeyMaterialException",
		"The key material is already associated with "+arn+".")
	other := w.create("SYMMETRIC_DEFAULT", "EXTERNAL")
	if w.call("ImportKeyMaterial", w.wrapped(other, material, nil))["KeyMaterialId"] == id {
		t.Error("the same material has the same id in another key")
	}
}

// TestOneMaterialWaitsForRotation: the refusal of a second names both.
func TestOneMaterialWaitsForRotation(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	arn, fresh := w.create("SYMMETRIC_DEFAULT", "EXTERNAL"), fields{"ImportType": "NEW_KEY_MATERIAL"}
	current := w.call("ImportKeyMaterial", w.wrapped(arn, random(32), fresh.with(fields{"KeyMaterialDescription": "first"})))["KeyMaterialId"]
	next := text(t, w.call("ImportKeyMaterial", w.wrapped(arn, random(32), fresh)), "KeyMaterialId")
	status, out := w.ask("ImportKeyMaterial", w.wrapped(arn, random(32), fresh))
	if message := text(t, out, "message"); status != 400 || out["__type"] != "KMSInvalidStateException" ||
		!strings.Contains(message, next) || len(strings.Split(message, "key material ")) != 3 {
		t.Errorf("%d %v", status, out)
	}
	rotations := w.call("ListKeyRotations", fields{"KeyId": arn, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"})["Rotations"]
	list, _ := rotations.([]any)
	for i, want := range []fields{
		{"KeyMaterialId": current, "KeyMaterialState": "CURRENT", "KeyMaterialDescription": "first"},
		{"KeyMaterialId": next, "KeyMaterialState": "PENDING_ROTATION"},
	} {
		if len(list) != 2 {
			t.Fatalf("rotations: %v", rotations)
		}
		got, _ := list[i].(map[string]any)
		want["ImportState"], want["ExpirationModel"], want["KeyId"] = "IMPORTED", "KEY_MATERIAL_DOES_NOT_EXPIRE", arn
		for name, value := range want {
			if got[name] != value {
				t.Errorf("material %d: %s is %v, want %v", i, name, got[name], value)
			}
		}
	}
	w.call("DeleteImportedKeyMaterial", fields{"KeyId": arn, "KeyMaterialId": next})
	if state := w.state(arn); state != "Enabled" {
		t.Errorf("state %s after the pending material was deleted", state)
	}
	w.call("ImportKeyMaterial", w.wrapped(arn, random(32), fresh))
	if got, _ := w.call("ListKeyRotations", fields{"KeyId": arn})["Rotations"].([]any); len(got) != 0 {
		t.Errorf("rotations without key material: %v", got)
	}
}

func TestMACKeysHaveOneMaterialForEver(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	arn, material := w.create("HMAC_256", "EXTERNAL"), random(32)
	for _, more := range []fields{
		{"ImportType": "NEW_KEY_MATERIAL"},
		{"KeyMaterialDescription": "x"},
		{"KeyMaterialId": strings.Repeat("0", 64)},
	} {
		w.refused("ImportKeyMaterial", w.wrapped(arn, material, more), "ValidationException",
			"ImportType, KeyMaterialDescription and KeyMaterialId are valid only for symmetric encryption keys")
	}
	if out := w.call("ImportKeyMaterial", w.wrapped(arn, material, nil)); out["KeyMaterialId"] != nil {
		t.Errorf("material %v", out)
	}
	w.call("ImportKeyMaterial", w.wrapped(arn, material, nil))
	w.refused("ImportKeyMaterial", w.wrapped(arn, random(32), nil), "IncorrectKeyMaterialException",
		"The key material is not the material that was imported before.")
	w.refused("ListKeyRotations", fields{"KeyId": arn}, "UnsupportedOperationException", "*")
	w.refused("DeleteImportedKeyMaterial", fields{"KeyId": arn, "KeyMaterialId": strings.Repeat("0", 64)}, "ValidationException", "*")
	w.call("DeleteImportedKeyMaterial", fields{"KeyId": arn})
	if state := w.state(arn); state != "PendingImport" {
		t.Errorf("state %s", state)
	}
}

func TestHoldsTheModelsLimits(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	arn := w.create("SYMMETRIC_DEFAULT", "EXTERNAL")
	good := w.wrapped(arn, random(32), nil)
	for name, c := range map[string]struct {
		more fields
		want string
	}{
		"NEW with an id":       {fields{"ImportType": "NEW_KEY_MATERIAL", "KeyMaterialId": strings.Repeat("0", 64)}, "KeyMaterialId cannot be specified when ImportType is NEW_KEY_MATERIAL"},
		"id too short":         {fields{"KeyMaterialId": strings.Repeat("0", 63)}, "*"},
		"id in capitals":       {fields{"KeyMaterialId": strings.Repeat("A", 64)}, "*"},
		"description empty":    {fields{"KeyMaterialDescription": ""}, "*"},
		"description too long": {fields{"KeyMaterialDescription": strings.Repeat("x", 257)}, "*"},
		"description in base64": {
			fields{"KeyMaterialDescription": "a+b="},
			`1 validation error detected: Value 'a+b=' at 'keyMaterialDescription' failed to satisfy constraint: ` +
				`Member must satisfy regular expression pattern: [a-zA-Z0-9:/_\s.-]+`,
		},
		"unknown type":       {fields{"ImportType": "OTHER"}, "*"},
		"unknown expiration": {fields{"ExpirationModel": "NEVER"}, "*"},
		"no token":           {fields{"ImportToken": nil}, "*"},
		"token too long":     {fields{"ImportToken": random(6145)}, "*"},
		"empty material":     {fields{"EncryptedKeyMaterial": []byte{}}, "*"},
		"expires by default": {fields{"ExpirationModel": nil}, "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"},
		"expires, no date":   {fields{"ExpirationModel": "KEY_MATERIAL_EXPIRES"}, "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"},
		"a date, no expiry":  {fields{"ValidTo": w.in(day)}, "A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE"},
		"expired already":    {fields{"ExpirationModel": nil, "ValidTo": w.in(0)}, "The validTo date must be in the future"},
		"too far":            {fields{"ExpirationModel": nil, "ValidTo": w.in(365*day + time.Second)}, "The validTo date must be at most 365 days from now"},
	} {
		t.Run(name, func(*testing.T) { w.refused("ImportKeyMaterial", good.with(c.more), "ValidationException", c.want) })
	}
	own := w.create("SYMMETRIC_DEFAULT", "AWS_KMS")
	w.refused("ImportKeyMaterial", good.with(fields{"KeyId": own}), "UnsupportedOperationException", own+" origin is AWS_KMS which is not valid for this operation.")
	w.refused("DeleteImportedKeyMaterial", fields{"KeyId": own}, "UnsupportedOperationException", own+" origin is AWS_KMS which is not valid for this operation.")
	w.call("ImportKeyMaterial", good.with(fields{"KeyMaterialDescription": "keyrite:" + strings.Repeat("ab", 32) + "/" + strings.Repeat("0", 32)}))
}

// in is a time from the server's now, as the protocol has it.
func (w wire) in(d time.Duration) float64 { return float64(w.clock.now.Add(d).UnixNano()) / 1e9 }

func TestMaterialExpires(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	arn, material := w.create("SYMMETRIC_DEFAULT", "EXTERNAL"), random(32)
	w.call("ImportKeyMaterial", w.wrapped(arn, material, fields{"ExpirationModel": nil, "ValidTo": w.in(30 * day)}))
	meta, _ := w.call("DescribeKey", fields{"KeyId": arn})["KeyMetadata"].(map[string]any)
	if meta["ExpirationModel"] != "KEY_MATERIAL_EXPIRES" || meta["ValidTo"] == nil {
		t.Errorf("%v", meta)
	}
	sealed := w.call("Encrypt", fields{"KeyId": arn, "Plaintext": []byte("x")})["CiphertextBlob"]
	w.clock.now = w.clock.now.Add(31 * day)
	w.refused("Decrypt", fields{"CiphertextBlob": sealed}, "KMSInvalidStateException", arn+" is pending import.")
	w.call("ImportKeyMaterial", w.wrapped(arn, material, nil))
	if got := unbase64(t, w.call("Decrypt", fields{"CiphertextBlob": sealed})["Plaintext"]); string(got) != "x" {
		t.Errorf("decrypted %q", got)
	}
}

// TestDeletionTakesEffectAtOnce: and only the same material brings the key back.
func TestDeletionTakesEffectAtOnce(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	arn, material := w.create("SYMMETRIC_DEFAULT", "EXTERNAL"), random(32)
	w.call("DeleteImportedKeyMaterial", fields{"KeyId": arn})
	id := w.call("ImportKeyMaterial", w.wrapped(arn, material, nil))["KeyMaterialId"]
	if out := w.call("DeleteImportedKeyMaterial", fields{"KeyId": arn}); out["KeyMaterialId"] != id {
		t.Errorf("deleted %v", out)
	}
	meta, _ := w.call("DescribeKey", fields{"KeyId": arn})["KeyMetadata"].(map[string]any)
	if meta["KeyState"] != "PendingImport" || meta["CurrentKeyMaterialId"] != id {
		t.Errorf("%v", meta)
	}
	w.refused("Encrypt", fields{"KeyId": arn, "Plaintext": []byte("x")}, "KMSInvalidStateException", arn+" is pending import.")
	w.refused("ImportKeyMaterial", w.wrapped(arn, random(32), nil), "IncorrectKeyMaterialException", "*")
	w.refused("ImportKeyMaterial", w.wrapped(arn, random(32), fields{"ImportType": "NEW_KEY_MATERIAL"}), "KMSInvalidStateException", arn+" is pending import.")
	w.refused("DeleteImportedKeyMaterial", fields{"KeyId": arn, "KeyMaterialId": strings.Repeat("0", 64)}, "IncorrectKeyMaterialException", "*")
	w.call("ImportKeyMaterial", w.wrapped(arn, material, nil))
	if state := w.state(arn); state != "Enabled" {
		t.Errorf("state %s", state)
	}
}

func TestEncryptsAndDecrypts(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	arn, other := w.create("SYMMETRIC_DEFAULT", "AWS_KMS"), w.create("SYMMETRIC_DEFAULT", "AWS_KMS")
	mac := w.create("HMAC_256", "AWS_KMS")
	bound := fields{"EncryptionContext": fields{"a": "1", "b": "2"}}
	sealed := w.call("Encrypt", fields{"KeyId": arn, "Plaintext": []byte("words")}.with(bound))["CiphertextBlob"]
	open := fields{"CiphertextBlob": sealed}.with(bound)
	for _, in := range []fields{open, open.with(fields{"KeyId": arn})} {
		if out := w.call("Decrypt", in); string(unbase64(t, out["Plaintext"])) != "words" || out["KeyId"] != arn {
			t.Errorf("%v", out)
		}
	}
	w.refused("Decrypt", open.with(fields{"KeyId": other}), "IncorrectKeyException",
		"The key ID in the request does not identify a CMK that can perform this operation.")
	w.refused("Decrypt", open.with(fields{"EncryptionContext": fields{"a": "1"}}), "InvalidCiphertextException", "")
	blob := unbase64(t, sealed)
	for i := range blob {
		bad := bytes.Clone(blob)
		bad[i] ^= 1
		w.refused("Decrypt", open.with(fields{"CiphertextBlob": bad}), "InvalidCiphertextException", "")
	}
	w.refused("Decrypt", open.with(fields{"CiphertextBlob": blob[:60]}), "InvalidCiphertextException", "")
	w.refused("Encrypt", fields{"KeyId": arn, "Plaintext": random(4097)}, "ValidationException", "*")
	w.refused("Encrypt", fields{"KeyId": mac, "Plaintext": []byte("x")}, "InvalidKeyUsageException",
		mac+" key usage is GENERATE_VERIFY_MAC which is not valid for Encrypt.")
}

func TestTagsWithTheKeysOwnHash(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	aes := w.create("SYMMETRIC_DEFAULT", "AWS_KMS")
	for spec, size := range map[string]int{"HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64} {
		arn := w.create(spec, "AWS_KMS")
		in := fields{"KeyId": arn, "Message": []byte("words"), "MacAlgorithm": strings.Replace(spec, "_", "_SHA_", 1)}
		tag := unbase64(t, w.call("GenerateMac", in)["Mac"])
		if len(tag) != size {
			t.Errorf("%s: tag of %d bytes", spec, len(tag))
		}
		if out := w.call("VerifyMac", in.with(fields{"Mac": tag})); out["MacValid"] != true || out["Mac"] != nil {
			t.Errorf("%v", out)
		}
		w.refused("VerifyMac", in.with(fields{"Mac": tag[1:]}), "KMSInvalidMacException", "")
		w.refused("VerifyMac", in, "ValidationException", "*")
		wrong := "HMAC_SHA_256"
		if spec == "HMAC_256" {
			wrong = "HMAC_SHA_512"
		}
		w.refused("GenerateMac", in.with(fields{"MacAlgorithm": wrong}), "InvalidKeyUsageException",
			"Algorithm "+wrong+" is incompatible with key spec "+spec+".")
	}
	w.refused("GenerateMac", fields{"KeyId": aes, "Message": []byte("x"), "MacAlgorithm": "HMAC_SHA_256"}, "InvalidKeyUsageException",
		aes+" key usage is ENCRYPT_DECRYPT which is not valid for GenerateMac.")
	empty := w.create("HMAC_256", "EXTERNAL")
	w.refused("GenerateMac", fields{"KeyId": empty, "Message": []byte("x"), "MacAlgorithm": "HMAC_SHA_256"}, "KMSInvalidStateException",
		empty+" is pending import.")
}

func TestAnImportTakesAWhileToShow(t *testing.T) {
	w := newWire(t, rehearsal.Config{Lag: time.Minute})
	arn := w.create("SYMMETRIC_DEFAULT", "EXTERNAL")
	w.call("ImportKeyMaterial", w.wrapped(arn, random(32), nil))
	if state := w.state(arn); state != "PendingImport" {
		t.Errorf("state %s at once", state)
	}
	w.clock.now = w.clock.now.Add(time.Minute)
	if state := w.state(arn); state != "Enabled" {
		t.Errorf("state %s after a minute", state)
	}
}
