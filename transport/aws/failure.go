package aws

import (
	"errors"
	"fmt"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// A Failure is the cloud's refusal in words for the operator.
type Failure struct {
	words
	Code      string // AWS's error name, or one of the Code… names
	Detail    string // the cloud's own words, or ours
	RequestID string // as CloudTrail has it; "" where the cloud was not asked
	err       error
}

// Names of failures that are found before the cloud is asked.
const (
	CodeExpired     = "ExpiredImportTokenException" // AWS's own name: the advice is the same
	CodeUnreachable = "Unreachable"
	CodeUnknown     = "Unknown"
	CodeWrongKey    = "WrongKey"
	CodeNotProven   = "NotProven"
)

func (f *Failure) Error() string {
	s := f.Title
	if f.Detail != "" {
		s += ": " + f.Detail
	}
	if f.RequestID != "" {
		s += " (request " + f.RequestID + ")"
	}
	return s
}

// Unwrap gives the SDK's error, for its type.
func (f *Failure) Unwrap() error { return f.err }

// Explain is for screens that do not know this package.
func (f *Failure) Explain() (title, meaning, advice string) { return f.Title, f.Meaning, f.Advice }

// newFailure is a failure with the words of code. detail says what was seen.
func newFailure(code, format string, args ...any) *Failure {
	return &Failure{Code: code, Detail: fmt.Sprintf(format, args...), words: wordsFor(code)}
}

// explain turns an error of the SDK into a Failure.
func explain(err error) error {
	if err == nil {
		return nil
	}
	f := &Failure{Code: CodeUnreachable, Detail: err.Error(), err: err}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		f.Code, f.Detail = api.ErrorCode(), api.ErrorCode()+": "+api.ErrorMessage()
	}
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		f.RequestID = response.ServiceRequestID()
		if f.Code == CodeUnreachable {
			f.Code = CodeUnknown
		}
	}
	f.words = wordsFor(f.Code)
	return f
}

// code is AWS's name of an error, or "".
func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// requestID is AWS's id of an answered call.
func requestID(m middleware.Metadata) string {
	id, _ := awsmiddleware.GetRequestIDMetadata(m)
	return id
}
