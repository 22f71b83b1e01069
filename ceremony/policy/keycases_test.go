package policy

import (
	"strings"

	"keyrite.dev/keyrite/ceremony/plan"
)

func spec(s plan.KeySpec) func(*plan.Plan) { return func(p *plan.Plan) { p.Key.Spec = s } }

func label(l string) func(*plan.Plan) { return func(p *plan.Plan) { p.Key.Label = l } }

func wrapping(algorithm, keySpec string) func(*plan.Plan) {
	return func(p *plan.Plan) { p.Wrapping = plan.Wrapping{Algorithm: algorithm, KeySpec: keySpec} }
}

func days(n int) func(*plan.Plan) { return func(p *plan.Plan) { p.Cryptoperiod = n } }

func minutes(n int) func(*plan.Plan) { return func(p *plan.Plan) { p.MinimumLife = n } }

func unexcepted(p *plan.Plan) { p.Exceptions = nil }

func title(s string) func(*plan.Plan) { return func(p *plan.Plan) { p.Title = s } }

func aws(key, region, account string) func(*plan.Plan) {
	return func(p *plan.Plan) {
		p.Destination.Key, p.Destination.Region, p.Destination.Account = key, region, account
	}
}

func handwork(after, text string, actor, watcher plan.Role) func(*plan.Plan) {
	return func(p *plan.Plan) {
		p.PhysicalSteps = append(p.PhysicalSteps, plan.PhysicalStep{Actor: actor, After: after, Text: text, Watcher: watcher})
	}
}

func keySpecCases() ruleCases {
	return ruleCases{
		accept: []testCase{
			{name: "HMAC_224", edit: spec(plan.HMAC224)},
			{name: "HMAC_512", edit: spec(plan.HMAC512)},
			{name: "a label with every kind of letter", edit: label("Prod/payments kek_2027.v1-A")},
		},
		reject: []testCase{
			{name: "no label", edit: label(""), alone: true},
			{name: "a label that not every HSM tool shows", edit: label("clé"), alone: true},
			{name: "a label with a space at its end", edit: label("kek "), alone: true},
			{name: "an unknown spec", edit: both(spec("AES_128"), unexcepted), alone: true},
			{name: "an RSA key", edit: both(spec("RSA_2048"), unexcepted), alone: true},
			{name: "a spec in small letters", edit: both(spec("aes_256"), unexcepted), alone: true},
		},
	}
}

func wrapMatrixCases() ruleCases {
	return ruleCases{
		accept: []testCase{{name: "what the cloud takes", edit: wrapping("RSAES_OAEP_SHA_1", "RSA_4096")}},
		reject: []testCase{
			{name: "RSA-AES for an AES key", edit: wrapping("RSA_AES_KEY_WRAP_SHA_256", "RSA_4096"), alone: true},
			{name: "no algorithm", edit: wrapping("", "RSA_4096"), alone: true},
		},
	}
}

func keyStrengthCases() ruleCases {
	const oaep = "RSAES_OAEP_SHA_256"
	return ruleCases{
		accept: []testCase{
			{name: "RSA-4096 with the exception"},
			{name: "RSA-3072 with the exception", edit: wrapping(oaep, "RSA_3072")},
			{name: "HMAC_512 with the exception", edit: spec(plan.HMAC512)},
		},
		reject: []testCase{
			{name: "RSA-4096 without the exception", edit: unexcepted, alone: true},
			{name: "RSA-3072 without the exception", edit: both(unexcepted, wrapping(oaep, "RSA_3072")), alone: true},
			{name: "HMAC_224 without the exception", edit: both(unexcepted, spec(plan.HMAC224)), alone: true},
			{name: "RSA-2048", edit: both(unexcepted, wrapping(oaep, "RSA_2048")), alone: true},
			{name: "RSA-2048, in spite of the exception", edit: wrapping(oaep, "RSA_2048"), alone: true},
			{name: "RSA-1024, in spite of the exception", edit: wrapping(oaep, "RSA_1024"), alone: true},
			{name: "an exception without a reason", edit: func(p *plan.Plan) { p.Exceptions[0].Reason = " " }},
			{name: "an exception for another rule", edit: func(p *plan.Plan) { p.Exceptions[0].Rule = "key-strength" }},
		},
	}
}

func cryptoperiodCases() ruleCases {
	return ruleCases{
		accept: []testCase{
			{name: "one day", edit: days(1)},
			{name: "two years", edit: days(730)},
			{name: "ten years with a reason", edit: both(days(3650), excepting(ruleCryptoperiod, "verifies archived tags only"))},
		},
		reject: []testCase{
			{name: "none", edit: days(0), alone: true},
			{name: "two years and a day", edit: days(731), alone: true},
			{name: "none, with a reason", edit: both(days(0), excepting(ruleCryptoperiod, "for ever")), alone: true},
		},
	}
}

func timeLeftCases() ruleCases {
	return ruleCases{
		accept: []testCase{{name: "half an hour", edit: minutes(30)}, {name: "23 hours", edit: minutes(1380)}},
		reject: []testCase{
			{name: "none", edit: minutes(0), alone: true},
			{name: "29 minutes", edit: minutes(29), alone: true},
			{name: "the whole life of the parameters", edit: minutes(1440), alone: true},
		},
	}
}

func schemeCases() ruleCases {
	return ruleCases{
		accept: []testCase{{name: "destroyed afterwards", edit: func(p *plan.Plan) { p.Afterwards = plan.Destroy }}},
		reject: []testCase{
			{name: "another ceremony", edit: func(p *plan.Plan) { p.Ceremony = "key-export" }, alone: true},
			{name: "the target key split", edit: func(p *plan.Plan) { p.Scheme = "target-key" }, alone: true},
			{name: "no scheme", edit: func(p *plan.Plan) { p.Scheme = "" }, alone: true},
		},
	}
}

func formCases() ruleCases {
	return ruleCases{
		accept: []testCase{{name: "a title in another script", edit: title("Ключ 2027: імпорт")}},
		reject: []testCase{
			{name: "no title", edit: title(""), alone: true},
			{name: "a title of space", edit: title("   "), alone: true},
			{name: "a title with space before it", edit: title(" x"), alone: true},
			{name: "a person without a name", edit: func(p *plan.Plan) { member(p, "witness").Name = "" }, alone: true},
			{name: "a step without words", edit: handwork("1.3", "", plan.Administrator, plan.Witness), alone: true},
			{name: "a title that misleads", edit: title("Import \u202etropxe")},
			{name: "a plan that the format has no place for", edit: func(p *plan.Plan) { p.Cryptoperiod = -1 }},
		},
	}
}

func destinationCases() ruleCases {
	const arn = "arn:aws:kms:eu-central-1:111122223333:key/"
	return ruleCases{
		accept: []testCase{
			{name: "a multi-Region key", edit: aws(arn+"mrk-0123456789abcdef0123456789abcdef", "eu-central-1", "111122223333")},
			{name: "another partition", edit: aws("arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1234abcd", "us-gov-west-1", "111122223333")},
		},
		reject: []testCase{
			{name: "an unknown cloud", edit: func(p *plan.Plan) { p.Destination.Cloud = "cumulus" }, target: noTarget{}, alone: true},
			{name: "a key id without its ARN", edit: aws("0f1e2d3c", "eu-central-1", "111122223333"), alone: true},
			{name: "an alias", edit: aws("arn:aws:kms:eu-central-1:111122223333:alias/pay", "eu-central-1", "111122223333"), alone: true},
			{name: "another service", edit: aws("arn:aws:s3:eu-central-1:111122223333:key/1", "eu-central-1", "111122223333"), alone: true},
			{name: "another region than the key's", edit: aws(arn+"1", "eu-west-1", "111122223333"), alone: true},
			{name: "another account than the key's", edit: aws(arn+"1", "eu-central-1", "111122223334"), alone: true},
			{name: "nothing", edit: aws("", "", ""), alone: true},
			{name: "another cloud's key without a region", edit: both(aws("k", "", "a"), func(p *plan.Plan) { p.Destination.Cloud = "other" }), alone: true},
		},
	}
}

func physicalStepCases() ruleCases {
	return ruleCases{
		accept: []testCase{
			{name: "a step at every place", edit: both(handwork("2.10", "Open safe 2.", plan.Operator, plan.Witness),
				handwork("5.5", "Carry the envelopes.", plan.Custodian, plan.Custodian), handwork("10.2", "Switch the camera off.", plan.Officer, plan.Administrator))},
		},
		reject: []testCase{
			{name: "after a step that is not there", edit: handwork("2.12", "Open safe 2.", plan.Operator, plan.Witness), alone: true},
			{name: "after a share that nobody has", edit: handwork("5.6", "Open safe 2.", plan.Operator, plan.Witness), alone: true},
			{name: "after the close", edit: handwork("10.3", "Open safe 2.", plan.Operator, plan.Witness), alone: true},
			{name: "by somebody outside", edit: handwork("1.3", "Open safe 2.", plan.Importer, plan.Witness), alone: true},
			{name: "by the HSM", edit: handwork("1.3", "Open safe 2.", plan.HSM, plan.Witness), alone: true},
			{name: "watched by oneself", edit: handwork("1.3", "Open safe 2.", plan.Witness, plan.Witness), alone: true},
			{name: "more than there are letters", edit: func(p *plan.Plan) {
				for range 27 {
					handwork("1.5", "Open safe 2.", plan.Operator, plan.Witness)(p)
				}
			}, alone: true},
		},
	}
}

func referenceCases() ruleCases {
	hash := strings.Repeat("0123456789abcdef", 4)
	return ruleCases{
		accept: []testCase{
			{name: "a register head", edit: func(p *plan.Plan) { p.RegisterHead = hash }},
			{name: "the plan rehearsed", edit: func(p *plan.Plan) { p.Original = hash }},
		},
		reject: []testCase{
			{name: "a register head cut short", edit: func(p *plan.Plan) { p.RegisterHead = hash[1:] }, alone: true},
			{name: "a register head in capitals", edit: func(p *plan.Plan) { p.RegisterHead = strings.ToUpper(hash) }, alone: true},
			{name: "a name for the plan rehearsed", edit: func(p *plan.Plan) { p.Original = "plan.json" }, alone: true},
		},
	}
}

func exceptionCases() ruleCases {
	return ruleCases{
		accept: []testCase{{name: "none but what is needed"}},
		reject: []testCase{
			{name: "for no rule", edit: excepting("FOUR-EYES", "we are three"), alone: true},
			{name: "for a rule that has none", edit: excepting(ruleDualControl, "we are one"), alone: true},
			{name: "for itself", edit: excepting(ruleExceptions, "why not"), alone: true},
			{name: "twice", edit: excepting(ruleKeyStrength, "again"), alone: true},
			{name: "that lifts nothing", edit: excepting(ruleThreshold, "just in case"), alone: true},
			{name: "without a reason, beside one with", edit: both(shares(5, 5), excepting(ruleThreshold, "all"), excepting(ruleThreshold, "")), alone: true},
		},
	}
}
