package aws

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/dsse"
)

// An Endpoint is where KMS is reached and in which mode.
type Endpoint struct {
	URL       string // "" is AWS's own for the Region; rehearsal: a loopback URL
	Region    string // "" is the one that the plan or the key's ARN names
	Rehearsal bool
}

// RehearsalRegion is where a rehearsal makes keys if no Region is named.
const RehearsalRegion = "eu-central-1"

// appID is in the User-Agent of every call and so in CloudTrail.
const appID = "keyrite"

// A Client is AWS KMS online. It may be used by several goroutines.
type Client struct {
	kms    *kms.Client
	mode   dsse.Mode
	region string // "" until [Client.in]
	now    func() time.Time
	pace   time.Duration // first wait between two looks at a key's state
}

var _ ceremony.Cloud = (*Client)(nil)

// New returns a client. Credentials come from the SDK's own chain
// (environment, profile, SSO, instance role …). In a rehearsal they never do: the
// client then talks to loopback only, with fixed credentials that open nothing,
// and reads no environment and no file.
func New(ctx context.Context, at Endpoint) (*Client, error) {
	if at.Rehearsal {
		return newRehearsal(at)
	}
	options := []func(*config.LoadOptions) error{
		config.WithAppID(appID),
		config.WithRetryer(newRetryer),
	}
	if at.Region != "" {
		options = append(options, config.WithRegion(at.Region))
	}
	if at.URL != "" {
		options = append(options, config.WithBaseEndpoint(at.URL))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("failed to load the AWS configuration: %w", err)
	}
	client := kms.NewFromConfig(cfg)
	if err := checkEndpoint(client.Options().BaseEndpoint, at.URL); err != nil {
		return nil, err
	}
	return &Client{kms: client, mode: dsse.Production, region: at.Region, now: time.Now, pace: time.Second / 2}, nil
}

// in is c for a Region, unless c was made for one: then a key of another Region
// is a mistake that comes out.
func (c *Client) in(region string) (*Client, error) {
	if c.region != "" {
		return c, nil
	}
	if region == "" {
		return nil, errors.New("no Region is named; name it, or the key by its ARN")
	}
	there := *c
	there.region = region
	there.kms = kms.New(c.kms.Options(), func(o *kms.Options) { o.Region = region })
	return &there, nil
}

// checkEndpoint refuses an endpoint that is not where production keys live: one
// that only the environment names, one without TLS, and the machine itself,
// which would be a pretended cloud.
func checkEndpoint(found *string, asked string) error {
	if found == nil {
		return nil
	}
	if asked == "" {
		return fmt.Errorf("the environment sends KMS calls to %.200q; say so with --endpoint-url, or unset it", *found)
	}
	u, err := url.Parse(asked)
	switch {
	case err != nil || u.Host == "":
		return fmt.Errorf("invalid endpoint %.200q", asked)
	case u.Scheme != "https":
		return fmt.Errorf("endpoint %.200q has no TLS", asked)
	case isLoopback(u.Hostname()):
		return fmt.Errorf("endpoint %.200q is this machine; production needs the real cloud", asked)
	}
	return nil
}

func newRehearsal(at Endpoint) (*Client, error) {
	u, err := url.Parse(at.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("invalid endpoint %.200q: a rehearsal needs the URL of a KMS on this machine", at.URL)
	}
	if !isLoopback(u.Hostname()) {
		return nil, fmt.Errorf("endpoint %.200q is not this machine; a rehearsal stays on loopback", at.URL)
	}
	cfg := sdk.Config{
		AppID:       appID,
		Region:      at.Region,
		Credentials: credentials.NewStaticCredentialsProvider("REHEARSAL", "opens-nothing", ""),
		HTTPClient:  loopbackClient(),
		Retryer:     newRehearsalRetryer,
	}
	client := kms.NewFromConfig(cfg, func(o *kms.Options) { o.BaseEndpoint = &at.URL })
	return &Client{kms: client, mode: dsse.Rehearsal, region: at.Region, now: time.Now, pace: 10 * time.Millisecond}, nil
}

// isLoopback tells whether a URL's host is this machine, by its spelling.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// loopbackClient connects to loopback addresses only, whatever names resolve to,
// and knows no proxy.
func loopbackClient() *http.Client {
	dialer := &net.Dialer{
		Timeout: 10 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error {
			host, _, err := net.SplitHostPort(address)
			if err != nil || !isLoopback(host) {
				return fmt.Errorf("a rehearsal connects to this machine only, not to %s", address)
			}
			return nil
		},
	}
	return &http.Client{
		Transport:     &http.Transport{DialContext: dialer.DialContext, MaxIdleConns: 4, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       time.Minute,
	}
}

// newRetryer waits out KMS's request quotas: GetParametersForImport was long
// capped at one call in four seconds.
func newRetryer() sdk.Retryer { return retryer(8, 20*time.Second) }

// newRehearsalRetryer asks again as often, but no quota is waited out here.
func newRehearsalRetryer() sdk.Retryer { return retryer(8, 50*time.Millisecond) }

func retryer(attempts int, most time.Duration) sdk.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff = attempts, most
	})
}
