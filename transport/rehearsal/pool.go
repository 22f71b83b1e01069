package rehearsal

import (
	"context"
	"crypto/rsa"
	"sync"
	"time"
)

// makers is how many RSA keys are made at a time. More would take the machine
// from the ceremony.
const makers = 2

// A pool makes wrapping keys ahead, since one of 4096 bits takes about a second.
// It makes what was ordered and no more: a key made during a ceremony would take
// time from it.
type pool struct {
	slots  chan struct{}
	ctx    context.Context //nolint:containedctx // ends the makers
	cancel context.CancelFunc
	source func(bits int) (*rsa.PrivateKey, error)

	mu     sync.Mutex
	ready  map[string][]*futureKey // ordered and not taken, by key spec
	waited time.Duration
}

// A futureKey is one that is being made.
type futureKey struct {
	done chan struct{}
	key  *rsa.PrivateKey // after done; nil if the pool stopped
}

func newPool(source func(bits int) (*rsa.PrivateKey, error)) *pool {
	ctx, cancel := context.WithCancel(context.Background())
	return &pool{slots: make(chan struct{}, makers), ctx: ctx, cancel: cancel, source: source, ready: map[string][]*futureKey{}}
}

func (p *pool) stop() { p.cancel() }

// An order is keys on their way.
type order []*futureKey

func (o order) wait(ctx context.Context) error {
	for _, f := range o {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.done:
		}
	}
	return nil
}

// order has n keys made and put on the shelf.
func (p *pool) order(keySpec string, n int) order {
	var o order
	for range n {
		o = append(o, p.make(keySpec))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready[keySpec] = append(p.ready[keySpec], o...)
	return o
}

func (p *pool) make(keySpec string) *futureKey {
	f := &futureKey{done: make(chan struct{})}
	go func() {
		defer close(f.done)
		select {
		case <-p.ctx.Done():
			return
		case p.slots <- struct{}{}:
		}
		defer func() { <-p.slots }()
		if key, err := p.source(wrappingBits(keySpec)); err == nil {
			f.key = key
		}
	}()
	return f
}

// take is a key from the shelf, the longest ordered first, or a new one. The time
// until it is there counts as waited.
func (p *pool) take(ctx context.Context, keySpec string) (*rsa.PrivateKey, error) {
	start := time.Now()
	f := p.next(keySpec)
	defer func() {
		p.mu.Lock()
		p.waited += time.Since(start)
		p.mu.Unlock()
	}()
	if err := (order{f}).wait(ctx); err != nil {
		return nil, err
	}
	if f.key == nil {
		return nil, context.Canceled
	}
	return f.key, nil
}

func (p *pool) next(keySpec string) *futureKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	shelf := p.ready[keySpec]
	if len(shelf) == 0 {
		return p.make(keySpec)
	}
	p.ready[keySpec] = shelf[1:]
	return shelf[0]
}

func (p *pool) waitedFor() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waited
}
