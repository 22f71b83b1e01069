// Package rehearsal is a pretended AWS KMS for rehearsals: a server on loopback
// that speaks the real wire protocol (AWS JSON 1.1 over HTTP), really unwraps,
// and refuses what the real one refuses, in its words.
//
// It is made from the AWS KMS Developer Guide and from answers of the real
// service recorded by others, in tables of its own: it shares no code and no
// table with transport/aws, so that client and server cannot share a mistake.
// Where the real service's behaviour is not published it is the stricter one
// here, or the place says what was chosen. Any credentials are accepted, nothing
// is stored, everything ends with the process.
package rehearsal

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// A Config is what tests turn. The zero value is a rehearsal's.
type Config struct {
	Listen    string                                  // loopback address, "" is 127.0.0.1 on any port
	Now       func() time.Time                        // nil is the machine's clock
	Lag       time.Duration                           // how long an import takes to show in the key's state
	SingleUse bool                                    // an import token that was used is refused: stricter than AWS says
	MakeKey   func(bits int) (*rsa.PrivateKey, error) // nil makes a real one each time
	Stock     int                                     // RSA_4096 wrapping keys made ahead; 0 is [DefaultStock], less is none
}

// DefaultStock is what one rehearsal takes: two parameter sets and the control's.
const DefaultStock = 3

// A Server is one account of the pretended cloud, in every Region.
type Server struct {
	cfg      Config
	listener net.Listener
	http     *http.Server
	pool     *pool
	done     chan struct{}
	closed   func() bool

	mu    sync.Mutex
	keys  map[string]*key // by key id
	pairs map[[pairIDSize]byte]*pair
}

// Start runs a server on a loopback address until ctx ends or Close.
func Start(ctx context.Context, listen string) (*Server, error) {
	return StartWith(ctx, Config{Listen: listen})
}

// StartWith is [Start] with everything that can be turned.
func StartWith(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Stock == 0 {
		cfg.Stock = DefaultStock
	}
	if cfg.MakeKey == nil {
		cfg.MakeKey = func(bits int) (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, bits) }
	}
	listener, err := listenLoopback(ctx, cfg.Listen)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, listener: listener, pool: newPool(cfg.MakeKey), done: make(chan struct{}),
		keys: map[string]*key{}, pairs: map[[pairIDSize]byte]*pair{},
	}
	s.http = &http.Server{
		Handler: s, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10,
	}
	s.closed = context.AfterFunc(ctx, func() { _ = s.http.Close() })
	s.pool.order("RSA_4096", cfg.Stock)
	go func() {
		defer close(s.done)
		_ = s.http.Serve(listener) // ends with Close, and the next call of a client says so
	}()
	return s, nil
}

// listenLoopback refuses an address that others could reach: any credentials are
// taken here.
func listenLoopback(ctx context.Context, address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("invalid address %.200q: want host:port, as 127.0.0.1:8080", address)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("address %.200q is not loopback; the rehearsal cloud takes any credentials and stays on this machine", address)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("failed to listen: %w", err)
	}
	return listener, nil
}

// URL is the endpoint, "http://127.0.0.1:port".
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Waited is how long callers waited for RSA keys to be made, in sum: time that a
// real cloud spends on machines of its own.
func (s *Server) Waited() time.Duration { return s.pool.waitedFor() }

// Warm makes n wrapping keys of a spec ahead and returns when they are there.
func (s *Server) Warm(ctx context.Context, keySpec string, n int) error {
	if wrappingBits(keySpec) == 0 {
		return fmt.Errorf("unknown wrapping key spec %q", keySpec)
	}
	return s.pool.order(keySpec, n).wait(ctx)
}

// Close ends the server and forgets all keys.
func (s *Server) Close() error {
	s.closed()
	err := s.http.Close()
	<-s.done
	s.pool.stop()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
