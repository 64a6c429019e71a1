package bench

import (
	"encoding/gob"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// The values of the six fields.
var (
	userID   = int64(48213)
	username = "hubo"
	email    = "hubo@example.org"
	roles    = []string{"editor", "author", "admin"}
	loginAt  = time.Unix(1_790_000_000, 0)
)

// A value is what a field holds: name is the field's, key the one of its tag.
type value struct {
	name, key string
	value     any
}

// The peers write values with gob, which does not know this type by itself.
func init() { gob.Register(time.Time{}) }

func six() []value { return sixty()[:6] }

// sixty returns the values of all fields of wide. The first six are those of session.
func sixty() (values []value) {
	known := map[string]any{
		"UserID": userID, "Username": username, "Email": email, "Roles": roles, "LoginAt": loginAt, "Visits": 1,
	}
	schema := reflect.TypeFor[wide]()
	for i := range schema.NumField() {
		f := schema.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("session"), ",")
		v := known[f.Name]
		if v == nil {
			v = valueOf(f.Type, i)
		}
		values = append(values, value{f.Name, key, v})
	}
	return values
}

// valueOf returns a value of a type of the i-th field.
func valueOf(t reflect.Type, i int) any {
	switch t {
	case reflect.TypeFor[string]():
		return fmt.Sprintf("value %d", i)
	case reflect.TypeFor[int]():
		return 100 * i
	case reflect.TypeFor[bool]():
		return true
	case reflect.TypeFor[time.Time]():
		return loginAt.Add(time.Duration(i) * time.Hour)
	case reflect.TypeFor[[]string]():
		return []string{"first", "second"}
	}
	panic("no value of type " + t.String())
}
