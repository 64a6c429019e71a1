// Package proxytest has a TCP proxy, which tests put between a client and its server to break their connections.
package proxytest

import (
	"net"
	"sync"
	"testing"
	"time"
)

// Weather is how a proxy forwards.
type Weather int

const (
	Fair   Weather = iota
	Closed         // connections are refused, and existing ones are cut
	Silent         // connections are accepted, and nothing is forwarded
	Mute           // requests are forwarded, and answers wait
	Slow           // each piece is forwarded after slowness
	Torn           // requests are forwarded, and the answer resets the connection
)

const slowness = time.Second

// A Proxy forwards connections to a server, reliably or not.
type Proxy struct {
	address, server string

	mu       sync.Mutex
	changed  *sync.Cond
	weather  Weather
	listener net.Listener
	conns    map[*net.TCPConn]bool
}

// Start starts a proxy in front of the server with an address. It ends with the test.
func Start(t testing.TB, server string) *Proxy {
	t.Helper()
	p := &Proxy{address: "127.0.0.1:0", server: server, conns: make(map[*net.TCPConn]bool)}
	p.changed = sync.NewCond(&p.mu)
	p.listen(t)
	p.address = p.listener.Addr().String()
	t.Cleanup(func() {
		p.Become(t, Fair)
		p.listener.Close()
		p.Cut()
	})
	return p
}

// Addr returns the address of the proxy.
func (p *Proxy) Addr() string { return p.address }

// Become changes the weather, also for the connections that exist.
func (p *Proxy) Become(t testing.TB, w Weather) {
	t.Helper()
	p.mu.Lock()
	before := p.weather
	p.weather = w
	p.changed.Broadcast()
	p.mu.Unlock()
	switch {
	case w == Closed && before != Closed:
		p.listener.Close()
		p.Cut()
	case w != Closed && before == Closed:
		p.listen(t)
	}
}

// Cut ends all connections.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.SetLinger(0)
		c.Close()
	}
	clear(p.conns)
}

func (p *Proxy) listen(t testing.TB) {
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
			if !p.add(client.(*net.TCPConn), server.(*net.TCPConn)) {
				continue
			}
			go p.forward(server.(*net.TCPConn), client.(*net.TCPConn), false)
			go p.forward(client.(*net.TCPConn), server.(*net.TCPConn), true)
		}
	}()
}

// add notes two connections to cut. It closes them at once if the proxy has closed meanwhile.
func (p *Proxy) add(client, server *net.TCPConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.weather == Closed {
		client.Close()
		server.Close()
		return false
	}
	p.conns[client], p.conns[server] = true, true
	return true
}

func (p *Proxy) forward(to, from *net.TCPConn, answers bool) {
	defer to.Close()
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		switch p.wait(answers) {
		case Slow:
			time.Sleep(slowness)
		case Torn:
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

// wait returns the weather once it lets a request or an answer through.
func (p *Proxy) wait(answer bool) Weather {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.weather == Silent || p.weather == Mute && answer {
		p.changed.Wait()
	}
	return p.weather
}
