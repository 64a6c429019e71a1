package proxytest

import (
	"io"
	"net"
	"testing"
	"time"
)

// echo starts a server that notes each byte that it gets, and sends it back.
func echo(t *testing.T) (addr string, got chan byte) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	got = make(chan byte, 10)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for b := make([]byte, 1); ; {
					if _, err := io.ReadFull(c, b); err != nil {
						return
					}
					got <- b[0]
					c.Write(b)
				}
			}()
		}
	}()
	return l.Addr().String(), got
}

func dial(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// answers reports whether an answer comes within a time, and the error if the connection broke.
func answers(c net.Conn, within time.Duration) (bool, error) {
	c.SetReadDeadline(time.Now().Add(within))
	_, err := io.ReadFull(c, make([]byte, 1))
	if e, ok := err.(net.Error); ok && e.Timeout() {
		return false, nil
	}
	return err == nil, err
}

func TestWeather(t *testing.T) {
	for _, c := range []struct {
		name                    string
		weather                 Weather
		arrives, answers, tears bool
	}{
		{"fair", Fair, true, true, false},
		{"silent", Silent, false, false, false},
		{"mute", Mute, true, false, false},
		{"slow", Slow, false, false, false},
		{"torn", Torn, true, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server, got := echo(t)
			p := Start(t, server)
			client := dial(t, p)
			p.Become(t, c.weather)
			client.Write([]byte("x"))
			ok, err := answers(client, slowness/2)
			if arrived := len(got) == 1; arrived != c.arrives || ok != c.answers || (err != nil) != c.tears {
				t.Errorf("got arrived %v, answered %v, error %v, want %v, %v, %v", arrived, ok, err, c.arrives, c.answers, c.tears)
			}
			if p.Become(t, Fair); !c.answers && !c.tears {
				if ok, err := answers(client, time.Minute); !ok || len(got) != 1 {
					t.Errorf("in fair weather again: got answered %v, %v, and %d requests, want true and 1", ok, err, len(got))
				}
			}
		})
	}
}

func TestClosed(t *testing.T) {
	server, _ := echo(t)
	p := Start(t, server)
	client := dial(t, p)
	client.Write([]byte("x"))
	if ok, err := answers(client, time.Minute); !ok {
		t.Fatal(err)
	}
	p.Become(t, Closed)
	if ok, err := answers(client, time.Minute); ok || err == nil {
		t.Error("the connection was not cut")
	}
	if c, err := net.Dial("tcp", p.Addr()); err == nil {
		c.Close()
		t.Error("the proxy accepts a connection")
	}
	p.Become(t, Fair)
	client = dial(t, p)
	client.Write([]byte("x"))
	if ok, err := answers(client, time.Minute); !ok {
		t.Errorf("in fair weather again: got error %v, want an answer", err)
	}
	p.Cut()
	if ok, err := answers(client, time.Minute); ok || err == nil {
		t.Error("Cut does not end the connection")
	}
}
