package old

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

// Serve serves a site at a port that it prints, until the standard input ends.
func Serve(site http.Handler) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return http.Serve(l, site)
}
