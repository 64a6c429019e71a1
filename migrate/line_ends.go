package migrate

import "bytes"

// A Windows file may begin with a byte order mark, and its lines end in other characters. It is read without these, and
// written with them again.

var (
	mark = []byte("\xef\xbb\xbf")
	crlf = []byte("\r\n")
	lf   = []byte("\n")
)

// plain returns a text without a mark, and with only a newline at the end of each line.
func plain(text []byte) []byte {
	return bytes.ReplaceAll(bytes.TrimPrefix(text, mark), crlf, lf)
}

// like gives a plain text the mark of another one, and the line ends of its first line.
func like(old, text []byte) []byte {
	if first, _, found := bytes.Cut(old, lf); found && bytes.HasSuffix(first, []byte("\r")) {
		text = bytes.ReplaceAll(text, lf, crlf)
	}
	if bytes.HasPrefix(old, mark) {
		text = append(bytes.Clone(mark), text...)
	}
	return text
}
