package codec

import (
	"os"
	"os/exec"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/vmihailenco/msgpack/v5"
)

// inZones runs a test again on machines of other time zones, as it were, and reports whether it is to
// go on: in the test's own run it is not.
func inZones(t *testing.T) bool {
	if os.Getenv("SESSIONGEN_ZONE_TEST") != "" {
		zone, err := time.LoadLocation(os.Getenv("TZ"))
		if err != nil || zone.String() == "UTC" {
			t.Fatalf("got zone %v, %v", zone, err)
		}
		time.Local = zone // which it is, unless the machine knows no zones
		return true
	}
	for _, zone := range []string{"America/New_York", "Asia/Kolkata"} {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), "TZ="+zone, "SESSIONGEN_ZONE_TEST=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("with TZ=%s: %v\n%s", zone, err, out)
		}
	}
	return false
}

// A time is the same after it was stored, on any machine: the same instant, in UTC, before 1970 too.
func TestTimeIsInUTC(t *testing.T) {
	if !inZones(t) {
		return
	}
	kolkata, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []time.Time{
		{},
		time.Now(),
		time.Unix(0, 0), time.Unix(-1, 0), time.Unix(0, 1), time.Unix(-1, 999_999_999), time.Unix(1<<34, 0), time.Unix(1<<34-1, 1),
		time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2027, 3, 1, 0, 0, 0, 0, time.Local),
		time.Date(2027, 3, 1, 0, 0, 0, 0, kolkata),
		time.Date(2027, 3, 28, 2, 30, 0, 7, time.FixedZone("odd", -3*3600-7)),
		time.Date(1, 1, 1, 0, 0, 0, 0, time.Local),
		time.Date(1969, 12, 31, 23, 59, 59, 0, time.Local),
		time.Date(-5000, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		b, err := Append(nil, v, EncodeTime)
		if err != nil {
			t.Fatal(err)
		}
		want := v.Round(0).UTC() // without the monotonic clock
		if got, err := Decode(b, DecodeTime); err != nil || got != want {
			t.Errorf("%v: got %v, %v; want %v", v, got, err, want)
		}
		if got, err := Decode(b, DecodeAny); err != nil || got != want {
			t.Errorf("%v in any: got %v, %v; want %v", v, got, err, want)
		}
		theirs, err := msgpack.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Decode(theirs, DecodeTime); err != nil || got != want {
			t.Errorf("%v, written by v5: got %v, %v; want %v", v, got, err, want)
		}
	}
}

// day encodes itself with the offset, as what embeds time.Time does.
type day struct{ time.Time }

// Values that encode themselves with methods of time.Time keep their offset, so clocks and
// calendars show the same.
func TestOwnTimesKeepTheirOffset(t *testing.T) {
	if !inZones(t) {
		return
	}
	for _, offset := range []int{0, 5*3600 + 1800, -5 * 3600} {
		v := day{time.Date(2027, 3, 1, 0, 0, 0, 0, time.FixedZone("", offset))}
		for how, append := range map[string]func() ([]byte, func([]byte) (day, error), error){
			"binary": func() ([]byte, func([]byte) (day, error), error) {
				b, err := Append(nil, v, EncodeBinary[day])
				return b, func(b []byte) (day, error) { return Decode(b, DecodeBinary[day]) }, err
			},
			"text": func() ([]byte, func([]byte) (day, error), error) {
				b, err := Append(nil, v, EncodeText[day])
				return b, func(b []byte) (day, error) { return Decode(b, DecodeText[day]) }, err
			},
			"JSON": func() ([]byte, func([]byte) (day, error), error) {
				b, err := Append(nil, v, EncodeJSON[day])
				return b, func(b []byte) (day, error) { return Decode(b, DecodeJSON[day]) }, err
			},
		} {
			b, decode, err := append()
			if err != nil {
				t.Fatal(err)
			}
			got, err := decode(b)
			if want := v.Format(time.RFC3339); err != nil || got.Format(time.RFC3339) != want {
				t.Errorf("%s: got %v, %v; want %s", how, got, err, want)
			}
		}
	}
}
