package aws

// words are what an error means and what to do about it.
type words struct {
	Title   string // what happened, one line, lower case
	Meaning string // why it happens
	Advice  string // what to do
}

// wordsFor is the table of errors, by AWS's names. A switch, so that nothing can
// change it.
func wordsFor(code string) words {
	if w := importWords(code); w != (words{}) {
		return w
	}
	if w := keyWords(code); w != (words{}) {
		return w
	}
	return callWords(code)
}

// importWords are errors about token, blob and key material.
func importWords(code string) words {
	switch code {
	case CodeExpired:
		return words{
			"the import parameters have expired",
			"They are good for 24 hours from the moment they were fetched. A key wrapped for them cannot be imported any more.",
			"Fetch new import parameters and have the room wrap the key again for them. The old wrapped key is useless; keep its parcel for the record.",
		}
	case "InvalidImportTokenException":
		return words{
			"the import token is not for this key",
			"It is damaged, or it was fetched for another key, in another account or in another Region.",
			"Check that the parcel is the one the room exported and that --region is the one in it. If both are right, fetch and wrap again.",
		}
	case "InvalidCiphertextException":
		return words{
			"the cloud could not unwrap the key",
			"It was wrapped under another public key than the token's, or with another hash than the algorithm names, or it is damaged.",
			"Compare algorithm and fingerprint in the transcript with those of the import parameters. Then fetch and wrap again.",
		}
	case "IncorrectKeyMaterialException":
		return words{
			"the cloud refused the key material: another key",
			"It was unwrapped and is not the key that belongs here: not equal to the material imported before, or of a wrong length.",
			"Stop. Do not delete anything. You are holding another key than the cloud: find out which ceremony made each, with the security officer.",
		}
	case CodeNotProven:
		return words{
			"the import is not proven",
			"The cloud took the key, but its answer to the check is not the one that a right key gives.",
			"Do not use the key. Keep parcel and receipt and call the security officer.",
		}
	default:
		return words{}
	}
}

// keyWords are errors about the KMS key that was named.
func keyWords(code string) words {
	switch code {
	case "KMSInvalidStateException":
		return words{
			"the key is in a state that does not allow this",
			"It is pending deletion, disabled or waits for material; or it was made seconds ago and is not known everywhere yet.",
			"Look at the key's state. If it is new, wait a minute and run the same command again: that is safe.",
		}
	case "UnsupportedOperationException":
		return words{
			"the key does not take imported material",
			"Its origin is not EXTERNAL, or its kind knows no such operation.",
			"Make a key with origin EXTERNAL, have the officer sign a plan that names it, and fetch its parameters.",
		}
	case "NotFoundException", "InvalidArnException":
		return words{
			"the cloud knows no such key",
			"The id is wrong, the key is in another account or Region, or an alias was named.",
			"Name the key by its ARN, and the Region that is in the ARN.",
		}
	case "DisabledException":
		return words{
			"the key is disabled",
			"Somebody switched it off.",
			"Ask who disabled it before you enable it again.",
		}
	case CodeWrongKey:
		return words{
			"the key in the cloud is not the one that the plan names",
			"Kind, origin or ARN differ from what was signed.",
			"Stop, and call the security officer. Nothing was sent.",
		}
	default:
		return words{}
	}
}

// callWords are errors about the call as such.
func callWords(code string) words {
	switch code {
	case "ValidationException":
		return words{
			"the cloud refused the request",
			"A value or a combination of values is not allowed for this kind of key.",
			"Read the cloud's words. For the allowed combinations see docs/guides/aws.md.",
		}
	case "LimitExceededException":
		return words{
			"a quota of the account is used up",
			"Keys, rotations or requests are limited for each account and Region.",
			"Have the quota raised, then run the same command again: that is safe.",
		}
	case "ThrottlingException":
		return words{
			"too many requests",
			"The cloud limits calls in a second; it was asked again for a while.",
			"Wait a minute and run the same command again: that is safe.",
		}
	case "ConflictException":
		return words{
			"another change of this key is under way",
			"A rotation is running.",
			"Wait a minute and run the same command again: that is safe.",
		}
	case "DependencyTimeoutException", "KMSInternalException", "InternalFailure", "ServiceUnavailable":
		return words{
			"the cloud has a fault",
			"It says so itself; it was asked again for a while.",
			"Wait and run the same command again: that is safe.",
		}
	case "AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException":
		return words{
			"the cloud does not let this identity do that",
			"A key policy, an IAM policy, an organisation's policy or a condition in one of them forbids it, or the login has expired.",
			"Check who is logged in, and the policies in docs/guides/aws.md. Do not give fetcher and importer each other's permissions.",
		}
	case CodeUnreachable:
		return words{
			"the cloud was not reached",
			"No answer came: network, proxy, Region, or no credentials.",
			"Check them and run the same command again: that is safe.",
		}
	default:
		return words{
			"the cloud answered with an error that Keyrite has no advice for",
			"See the cloud's words.",
			"Keep them, with the request id, for AWS's support.",
		}
	}
}
