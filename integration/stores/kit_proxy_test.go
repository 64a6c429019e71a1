package stores_test

import (
	"net"
	"sync"
	"testing"
	"time"
)

// A proxy forwards connections to a server, reliably or not.
type proxy struct {
	address, server string

	mu       sync.Mutex
	changed  *sync.Cond
	weather  weather
	listener net.Listener
	conns    map[*net.TCPConn]bool
}

// weather is how a proxy forwards.
type weather int

const (
	fair     weather = iota
	closed           // connections are refused, and those that there were are cut
	silent           // connections are accepted, and nothing is forwarded
	slow             // each piece is forwarded after slowness
	torn             // requests are forwarded; the answer resets the connection
	slowness = time.Second
)

func startProxy(t *testing.T, server string) *proxy {
	t.Helper()
	p := &proxy{address: "127.0.0.1:0", server: server, conns: make(map[*net.TCPConn]bool)}
	p.changed = sync.NewCond(&p.mu)
	p.listen(t)
	p.address = p.listener.Addr().String()
	t.Cleanup(func() {
		p.become(t, fair)
		p.listener.Close()
		p.cut()
	})
	return p
}

func (p *proxy) listen(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	p.listener = l
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", p.server)
			if err != nil {
				client.Close()
				continue
			}
			p.mu.Lock()
			p.conns[client.(*net.TCPConn)], p.conns[server.(*net.TCPConn)] = true, true
			p.mu.Unlock()
			go p.forward(server.(*net.TCPConn), client.(*net.TCPConn), false)
			go p.forward(client.(*net.TCPConn), server.(*net.TCPConn), true)
		}
	}()
}

func (p *proxy) forward(to, from *net.TCPConn, answers bool) {
	defer to.Close()
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		switch p.wait() {
		case slow:
			time.Sleep(slowness)
		case torn:
			if answers && n > 0 {
				to.SetLinger(0)
				return
			}
		}
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			return
		}
	}
}

// wait returns the weather once it lets data through.
func (p *proxy) wait() weather {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.weather == silent {
		p.changed.Wait()
	}
	return p.weather
}

func (p *proxy) become(t *testing.T, w weather) {
	t.Helper()
	p.mu.Lock()
	before := p.weather
	p.weather = w
	p.changed.Broadcast()
	p.mu.Unlock()
	switch {
	case w == closed && before != closed:
		p.listener.Close()
		p.cut()
	case w != closed && before == closed:
		p.listen(t)
	}
}

// cut ends all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.SetLinger(0)
		c.Close()
	}
	clear(p.conns)
}
