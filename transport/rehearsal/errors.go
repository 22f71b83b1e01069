package rehearsal

import "fmt"

// A fault is an error answer: the API's error name and its words.
type fault struct {
	name    string
	message string
}

func (f *fault) Error() string { return f.name + ": " + f.message }

func newFault(name, format string, args ...any) *fault {
	return &fault{name: name, message: fmt.Sprintf(format, args...)}
}

func validation(format string, args ...any) *fault {
	return newFault("ValidationException", format, args...)
}

// The faults whose words the real service gives the same each time. Those of
// which only the name is known have no words here either, like the real
// InvalidCiphertextException.
func noSuchKey(arn string) *fault {
	return newFault("NotFoundException", "Key '%s' does not exist", arn)
}

func wrongOrigin(k *key) *fault {
	return newFault("UnsupportedOperationException", "%s origin is %s which is not valid for this operation.", k.arn, k.origin)
}

func pendingImport(k *key) *fault {
	return newFault("KMSInvalidStateException", "%s is pending import.", k.arn)
}

func wrongUsage(k *key, operation string) *fault {
	return newFault("InvalidKeyUsageException", "%s key usage is %s which is not valid for %s.", k.arn, k.kind.usage, operation)
}

func invalidCiphertext() *fault { return newFault("InvalidCiphertextException", "") }

func invalidToken() *fault { return newFault("InvalidImportTokenException", "") }

func expiredToken() *fault { return newFault("ExpiredImportTokenException", "") }

func incorrectMaterial(format string, args ...any) *fault {
	return newFault("IncorrectKeyMaterialException", format, args...)
}
