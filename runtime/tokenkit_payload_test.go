package runtime_test

import (
	"bytes"
	"fmt"
	"math"
	"strings"

	"github.com/sessiongen/sessiongen/runtime/internal/tokentest"
)

// addMetadata adds files about the metadata of a plaintext.
func (k *kitMaker) addMetadata() {
	f := k.addPlain("metadata-permanent", "flag 1: the session is permanent", usual().with(metaFlags, num(1)))
	f.Flags = 1
	f = k.addPlain("metadata-later-flags", "flags that the format does not know", usual().with(metaFlags, num(0xa4)))
	f.Flags = 0xa4
	f = k.addPlain("metadata-all-flags", "flags of 64 bits", usual().with(metaFlags, num(math.MaxUint64)))
	f.Flags = math.MaxUint64
	f = k.addPlain("metadata-authenticated", "authenticated a minute after the session began", usual().with(metaAuthenticated, num(61)))
	f.Authenticated = kitCreated + 60
	f = k.addPlain("metadata-authenticated-at-once", "authenticated in the second in which the session began", usual().with(metaAuthenticated, num(1)))
	f.Authenticated = kitCreated
	f = k.addPlain("metadata-seen-at-once", "last saved in the second in which the session began", usual().with(metaSeen, num(0)))
	f.Seen, f.Used, f.Expires = kitCreated, kitCreated, kitCreated+f.Lifetime
	f = k.addPlain("metadata-future", "begun and saved an hour from now, by a server whose clock is ahead", usual().with(metaCreated, num(kitTime)).with(metaSeen, num(3600)))
	f.Created, f.Seen, f.Used, f.Expires = kitTime, kitTime+3600, kitTime+3600, kitTime+f.Lifetime
	f = k.addPlain("metadata-largest-seconds", "created, seen and authenticated are 2^40, the largest that is allowed",
		usual().with(metaCreated, num(1<<40)).with(metaSeen, num(1<<40)).with(metaAuthenticated, num(1<<40)))
	f.Created, f.Seen, f.Used, f.Expires, f.Authenticated = kitTime, kitTime, kitTime, kitTime+f.Lifetime, kitTime
	f.Reseal = true
	f = k.addPlain("metadata-future-wrong", "begun and saved an hour and a second from now", usual().with(metaCreated, num(kitTime+3601)).with(metaSeen, num(0)))
	f.Created, f.Seen, f.Used, f.Expires = kitTime, kitTime, kitTime, kitTime+f.Lifetime
	f.Reseal = true
	f = k.addPlain("metadata-future-tolerated", "saved in five minutes", usual().with(metaCreated, num(kitTime)).with(metaSeen, num(300)))
	f.Created, f.Seen, f.Used, f.Expires = kitTime, kitTime+300, kitTime+300, kitTime+300+f.Lifetime
	f = k.addPlain("metadata-future-counts-as-now", "saved in five minutes and a second", usual().with(metaCreated, num(kitTime)).with(metaSeen, num(301)))
	f.Created, f.Seen, f.Used, f.Expires = kitTime, kitTime+301, kitTime+301, kitTime+f.Lifetime
	f = k.addPlain("metadata-id-zero", "the id is zero", usual().with(metaID, bin(strings.Repeat("\x00", 16))))
	clear(f.ID[:])

	for element, name := range map[int]string{metaCreated: "created", metaSeen: "seen", metaAuthenticated: "authenticated"} {
		k.addMalformed("metadata-"+name+"-too-large", name+" is 2^40+1", usual().with(element, num(1<<40+1)))
		k.addMalformed("metadata-"+name+"-largest", name+" is 2^64-1", usual().with(element, num(math.MaxUint64)))
	}
	for element, name := range map[int]string{
		metaCreated: "created", metaSeen: "seen", metaAuthenticated: "authenticated", metaFlags: "flags",
	} {
		bad := func(fault, comment, hex string) {
			k.addMalformed("metadata-"+name+"-"+fault, name+" is "+comment, usual().with(element, unhex(hex)))
		}
		bad("negative", "-1", "ff")
		bad("nil", "nil", "c0")
		bad("float", "a float of 64 bits", "cb 40ac200000000000")
		bad("string", "a string of digits", "a3 333030")
		if element == metaCreated {
			bad("negative-8", "-128 in 8 bits", "d0 80")
			bad("negative-16", "-1 in 16 bits", "d1 ffff")
			bad("negative-32", "-1 in 32 bits", "d2 ffffffff")
			bad("negative-64", "-2^63 in 64 bits", "d3 8000000000000000")
			bad("bool", "true", "c3")
			bad("float-32", "a float of 32 bits", "ca 4ec00000")
			bad("binary", "four bytes of binary", "c4 04 65539f00")
			bad("array", "an array of one integer", "91 01")
			bad("map", "an empty map", "80")
			bad("timestamp", "a timestamp extension", "d6 ff 65539f00")
			bad("invalid", "the code 0xc1", "c1")
		}
	}
	for name, form := range map[string]string{
		"uint8": "cc 05", "uint16": "cd 0005", "uint32": "ce 00000005", "uint64": "cf 0000000000000005",
		"int8": "d0 05", "int16": "d1 0005", "int32": "d2 00000005", "int64": "d3 0000000000000005",
	} {
		f := k.addPlain("metadata-seen-as-"+name, "seen is 5 as "+name+", which is not the shortest form", usual().with(metaSeen, unhex(form)))
		f.Seen, f.Used, f.Expires = kitCreated+5, kitCreated+5, kitCreated+5+f.Lifetime
	}

	k.addMalformed("metadata-id-short", "the id has 15 bytes", usual().with(metaID, bin(kitID[1:])))
	k.addMalformed("metadata-id-long", "the id has 17 bytes", usual().with(metaID, bin(kitID+"g")))
	k.addMalformed("metadata-id-empty", "the id is empty", usual().with(metaID, bin("")))
	k.addMalformed("metadata-id-string", "the id is a string", usual().with(metaID, str(kitID)))
	k.addMalformed("metadata-id-nil", "the id is nil", usual().with(metaID, unhex("c0")))
	k.addMalformed("metadata-id-extension", "the id is an extension of 16 bytes", usual().with(metaID, append(unhex("d8 01"), kitID...)))
	k.addMalformed("metadata-id-array", "the id is an array of 16 integers", usual().with(metaID, append(unhex("dc 0010"), make([]byte, 16)...)))
	k.addMalformed("metadata-id-lies", "the id declares more bytes than follow", usual().with(metaID, append(unhex("c6 ffffffff"), kitID...)))
	k.addPlain("metadata-id-bin16", "the id has a length of 16 bits", usual().with(metaID, append(unhex("c5 0010"), kitID...)))
	k.addPlain("metadata-id-bin32", "the id has a length of 32 bits", usual().with(metaID, append(unhex("c6 00000010"), kitID...)))

	for n := range 5 {
		p := usual()
		p.metadata = p.metadata[:n]
		k.addMalformed(fmt.Sprintf("metadata-elements-%d", n), fmt.Sprintf("the metadata have %d elements; five are the least", n), p)
		p = usual()
		p.metadataHead = []byte{0x90 | byte(n)}
		k.addMalformed(fmt.Sprintf("metadata-says-%d", n), fmt.Sprintf("the metadata are five but say to be %d", n), p)
	}
	head := func(name, comment, hex string) kitPlain {
		p := usual()
		p.metadataHead = unhex(hex)
		k.addMalformed("metadata-"+name, comment, p)
		return p
	}
	head("says-6", "the metadata are five but say to be six", "96")
	head("says-7", "the metadata are five but say to be seven", "97")
	head("says-2-to-the-16", "the metadata are five but say to be 2^16-1", "dc ffff")
	head("says-2-to-the-32", "the metadata are five but say to be 2^32-1", "dd ffffffff")
	head("map", "the metadata are in a map", "85")
	head("nil", "the metadata are nil", "c0")
	for name, form := range map[string]string{"array16": "dc 0005", "array32": "dd 00000005"} {
		p := usual()
		p.metadataHead = unhex(form)
		k.addPlain("metadata-as-"+name, "the metadata are in an "+name+", which is not the shortest form", p)
	}
	p := usual()
	p.metadataHead = unhex("95")
	k.addMalformed("metadata-one-more", "the metadata are six, with an empty map of expiries, but say to be five", p.with(metaExpiries, unhex("80")))

	later := func(name, comment string, elements ...string) kitPlain {
		p := usual().with(metaExpiries, unhex("80"))
		var all []byte
		for i, element := range elements {
			p = p.with(metaExpiries+1+i, unhex(element))
			all = append(all, unhex(element)...)
		}
		k.addPlain("later-"+name, comment, p).Later = all
		return p
	}
	later("nil", "one element follows the expiries, which is carried along", "c0")
	later("string", "a later element is a string", "a3 616263")
	later("several", "five later elements of several kinds", "07", "c4 02 0001", "82 01 02 c0 90", "d4 05 00", "ff")
	later("device", "the session is bound to a device", "c4 11 64 "+strings.Repeat("a5", 16))
	later("devices", "one device more than there is", "c4 11 64 "+strings.Repeat("a5", 16), "c4 11 64 "+strings.Repeat("5a", 16))
	later("device-zero", "the thumbprint of a device is zero", "c4 11 64 "+strings.Repeat("00", 16))
	later("device-short", "the thumbprint of a device has 15 bytes", "c4 10 64 "+strings.Repeat("a5", 15))
	later("depth-32", "a later element is nested 32 deep", strings.Repeat("91", 32)+"c0")
	k.addMalformed("later-depth-33", "a later element is nested 33 deep", usual().with(metaExpiries, unhex("80")).with(6, unhex(strings.Repeat("91", 33)+"c0")))
	k.addMalformed("later-invalid", "a later element is the code 0xc1", usual().with(metaExpiries, unhex("80")).with(6, unhex("c1")))
	p = usual().with(metaExpiries, unhex("80")).with(6, unhex("d9 ff 61"))
	k.addMalformed("later-lies", "a later element declares more than there is", p)
	many := usual().with(metaExpiries, unhex("80"))
	many.metadataHead = unhex("dc 0010")
	for i := range 10 {
		many = many.with(6+i, num(uint64(i)))
	}
	k.addPlain("later-ten", "the metadata have 16 elements", many).Later = unhex("00010203040506070809")
}

// addExpiries adds files about the map of expiries.
func (k *kitMaker) addExpiries() {
	// at is seconds from the session's beginning for a moment that far from the file's.
	at := func(fromNow int64) []byte { return num(uint64(kitTime - kitCreated + fromNow)) }
	expiries := func(pairs ...[]byte) []byte {
		return append([]byte{0x80 | byte(len(pairs)/2)}, bytes.Join(pairs, nil)...)
	}
	coded := usual().and(str("code"), str("123"))
	codeUntil := func(until int64) []tokentest.Field {
		return []tokentest.Field{
			{Key: "code", Value: str("123"), Until: until}, {Key: "roles", Value: unhex("92 a161 a162")},
			{Key: "user", Value: str("hubo")}, {Key: "visits", Value: num(3)},
		}
	}
	k.addPlain("expiries-empty", "an empty map of expiries", usual().with(metaExpiries, expiries()))
	f := k.addPlain("expiries-before", "a field expires in one second", coded.with(metaExpiries, expiries(str("code"), at(1))))
	f.Fields = codeUntil(kitTime + 1)
	k.addPlain("expiries-at", "a field expires now", coded.with(metaExpiries, expiries(str("code"), at(0))))
	k.addPlain("expiries-after", "a field expired a second ago", coded.with(metaExpiries, expiries(str("code"), at(-1))))
	k.addPlain("expiries-zero", "a field expired when the session began", coded.with(metaExpiries, expiries(str("code"), num(0))))
	f = k.addPlain("expiries-largest", "a field expires 2^40 seconds after the session began", coded.with(metaExpiries, expiries(str("code"), num(1<<40))))
	f.Fields = codeUntil(kitCreated + 1<<40)
	f = k.addPlain("expiries-later-metadata", "expiries and one later element", coded.with(metaExpiries, expiries(str("code"), at(1))).with(6, num(7)))
	f.Fields, f.Later = codeUntil(kitTime+1), num(7)
	k.addPlain("expiries-absent", "the expiry of a field that is not there", usual().with(metaExpiries, expiries(str("code"), at(1))))
	f = k.addPlain("expiries-several", "of three expiring fields, one has expired",
		usual().with(metaExpiries, expiries(str("visits"), at(60), str("user"), at(-60), str("roles"), at(3600))))
	f.Fields = []tokentest.Field{
		{Key: "roles", Value: unhex("92 a161 a162"), Until: kitTime + 3600}, {Key: "visits", Value: num(3), Until: kitTime + 60},
	}
	f = k.addPlain("expiries-all", "every field has expired: an empty session",
		usual().with(metaExpiries, expiries(str("visits"), at(-1), str("user"), at(-1), str("roles"), at(-1))))
	f.Fields = nil
	f = k.addPlain("expiries-map16", "the expiries are in a map16 and a str8, which are not the shortest forms",
		coded.with(metaExpiries, append(unhex("de 0001 d9 04 636f6465"), at(1)...)))
	f.Fields = codeUntil(kitTime + 1)

	bad := func(name, comment string, raw []byte) {
		k.addMalformed("expiries-"+name, comment, coded.with(metaExpiries, raw))
	}
	bad("nil", "the expiries are nil", unhex("c0"))
	bad("integer", "the expiries are an integer", num(600))
	bad("array", "the expiries are an array", append(unhex("92"), append(str("code"), at(1)...)...))
	bad("key-integer", "a key of the expiries is an integer", expiries(num(1), at(1)))
	bad("key-binary", "a key of the expiries is binary", expiries(bin("code"), at(1)))
	bad("negative", "an expiry is negative", expiries(str("code"), unhex("ff")))
	bad("too-large", "an expiry is 2^40+1 seconds", expiries(str("code"), num(1<<40+1)))
	bad("nil-value", "an expiry is nil", expiries(str("code"), unhex("c0")))
	bad("float", "an expiry is a float", expiries(str("code"), unhex("cb 40ac200000000000")))
	bad("string", "an expiry is a string", expiries(str("code"), str("600")))
	bad("invalid", "an expiry is the code 0xc1", expiries(str("code"), unhex("c1")))
	bad("lie", "the expiries say to be 2^32-1", append(unhex("df ffffffff"), append(str("code"), at(1)...)...))
	bad("absent-negative", "the expiry of a field that is not there is negative", expiries(str("absent"), unhex("ff")))
	bad("fields-missing", "the expiries say to be two but are one", append(unhex("82"), append(str("code"), at(1)...)...))
}

// addStructure adds files about what encloses the metadata and the fields.
func (k *kitMaker) addStructure() {
	good := usual().bytes()
	k.addMalformed("payload-empty", "an empty plaintext", raw(nil))
	outer := func(name, comment, hex string) {
		p := usual()
		p.outer = unhex(hex)
		k.addMalformed("payload-"+name, comment, p)
	}
	outer("array-of-0", "the outer array says to have no elements", "90")
	outer("array-of-1", "the outer array says to have one element", "91")
	outer("array-of-3", "the outer array says to have three elements, and has two", "93")
	outer("map", "the outer array is a map", "82")
	outer("not-nested", "the outer array is missing", "")
	outer("invalid", "the outer array is the code 0xc1", "c1")
	outer("array-lies", "the outer array says to have 2^32-1 elements", "dd ffffffff")
	p := usual()
	p.outer, p.tail = unhex("93"), unhex("c0")
	k.addMalformed("payload-third-element", "the outer array has a third element, nil", p)
	p = usual()
	p.tail = unhex("c0")
	k.addMalformed("payload-trailing-nil", "nil follows the plaintext", p)
	p.tail = unhex("00")
	k.addMalformed("payload-trailing-zero", "a zero byte follows the plaintext", p)
	k.addMalformed("payload-twice", "the plaintext comes twice", raw(append(bytes.Clone(good), good...)))
	k.addMalformed("payload-text", "the plaintext is a text", raw([]byte("hello, world")))
	k.addMalformed("payload-json", "the plaintext is JSON", raw([]byte(`[["MDEyMzQ1Njc4OWFiY2RlZg",1699996400,3000,0,0],{}]`)))
	for name, form := range map[string]string{"array16": "dc 0002", "array32": "dd 00000002"} {
		p := usual()
		p.outer = unhex(form)
		k.addPlain("payload-as-"+name, "the outer array is an "+name+", which is not the shortest form", p)
	}

	// The offsets follow from the usual plaintext: 1 byte of array, 1 of array, 18 of id,
	// 5 of created, 3 of seen, 1, 1, 1 of map, then "user".
	for _, cut := range []struct {
		name, comment string
		left          int
	}{
		{"1", "ends after the outer array's code", 1}, {"2", "ends before the id", 2},
		{"3", "ends before the id's length", 3}, {"4", "ends before the id's bytes", 4},
		{"19", "ends within the id", 19}, {"20", "ends before created", 20}, {"21", "ends within created", 21},
		{"24", "ends before the last byte of created", 24}, {"25", "ends before seen", 25}, {"27", "ends within seen", 27},
		{"28", "ends before authenticated", 28}, {"29", "ends before the flags", 29}, {"30", "ends before the fields", 30},
		{"31", "ends before the first key", 31}, {"33", "ends within the first key", 33}, {"36", "ends before the first value", 36},
		{"38", "ends within the first value", 38}, {"41", "ends before the second key", 41},
	} {
		k.addMalformed("payload-cut-"+cut.name, "the plaintext "+cut.comment, raw(good[:cut.left]))
	}
	k.addMalformed("payload-cut-last", "the plaintext's last byte is missing", raw(good[:len(good)-1]))
}

// addValues adds files about the values of fields: any one well-formed value is taken.
func (k *kitMaker) addValues() {
	nested := func(depth int, code, inner string) string { return strings.Repeat(code, depth) + inner }
	for _, v := range []struct{ name, hex string }{
		{"nil", "c0"}, {"false", "c2"}, {"true", "c3"}, {"float32", "ca 3fc00000"}, {"float64", "cb 7ff8000000000001"},
		{"fixint-127", "7f"}, {"fixint-minus-32", "e0"}, {"uint8", "cc ff"}, {"uint16", "cd ffff"}, {"uint32", "ce ffffffff"},
		{"uint64", "cf ffffffffffffffff"}, {"int8", "d0 80"}, {"int16", "d1 8000"}, {"int32", "d2 80000000"}, {"int64", "d3 8000000000000000"},
		{"str-empty", "a0"}, {"str-31", "bf" + strings.Repeat("61", 31)}, {"str8", "d9 20" + strings.Repeat("61", 32)},
		{"str16", "da 0100" + strings.Repeat("61", 256)}, {"str32-short", "db 00000001 61"}, {"str8-empty", "d9 00"}, {"str-not-utf8", "a2 fffe"},
		{"bin-empty", "c4 00"}, {"bin8", "c4 02 fffe"}, {"bin16-short", "c5 0001 00"}, {"bin32-short", "c6 00000001 00"},
		{"array-empty", "90"}, {"array16", "dc 0010" + strings.Repeat("c0", 16)}, {"array32-short", "dd 00000001 c0"},
		{"map-empty", "80"}, {"map16-short", "de 0001 a161 01"}, {"map32-short", "df 00000001 a161 01"},
		{"map-with-keys-of-all-kinds", "84 01 02 c0 03 91 04 05 80 06"}, {"map-with-a-key-twice", "82 a161 01 a161 02"},
		{"fixext1", "d4 01 00"}, {"fixext2", "d5 01 0000"}, {"fixext4-timestamp", "d6 ff 65539f00"}, {"fixext8", "d7 ff 0000000065539f00"},
		{"fixext16", "d8 7f" + strings.Repeat("00", 16)}, {"ext8-empty", "c7 00 80"}, {"ext8", "c7 03 05 010203"},
		{"ext16", "c8 0001 05 00"}, {"ext32", "c9 00000001 05 00"},
		{"uint64-of-5", "cf 0000000000000005"}, {"int64-of-5", "d3 0000000000000005"}, {"int16-of-minus-1", "d1 ffff"},
		{"depth-32-array", nested(32, "91", "c0")}, {"depth-32-map", nested(32, "81 01", "c0")}, {"depth-32-empty", nested(31, "91", "90")},
		{"depth-32-wide", nested(31, "92 c0", "92 c0 c0")},
	} {
		value := unhex(v.hex)
		f := k.addPlain("value-"+v.name, "a value is "+strings.ReplaceAll(v.name, "-", " ")+", whatever its field expects", usual().and(str("value"), value))
		f.Fields = append(f.Fields[:2:2], tokentest.Field{Key: "value", Value: value}, f.Fields[2])
	}
	for _, v := range []struct{ name, comment, hex string }{
		{"invalid", "is the code 0xc1", "c1"},
		{"invalid-in-array", "is an array with the code 0xc1", "91 c1"},
		{"invalid-in-map", "is a map with the code 0xc1", "81 a161 c1"},
		{"depth-33-array", "is nested 33 deep, in arrays", nested(33, "91", "c0")},
		{"depth-33-map", "is nested 33 deep, in maps", nested(33, "81 01", "c0")},
		{"depth-33-key", "is nested 33 deep, in keys of maps", nested(33, "81", "c0") + strings.Repeat("c0", 33)},
		{"depth-33-empty", "is 33 arrays, the innermost empty", nested(32, "91", "90")},
		{"depth-1000", "is nested 1000 deep", nested(1000, "91", "c0")},
		{"missing", "is missing", ""},
		{"missing-in-array", "is an array of two with one element", "92 c0"},
		{"missing-in-map", "is a map with a key without a value", "81 a161"},
	} {
		k.addMalformed("value-"+v.name, "a value "+v.comment, usual().and(str("value"), unhex(v.hex)))
	}
	// One field alone, the last of the plaintext, that declares more than there is.
	for _, v := range []struct{ name, hex string }{
		{"fixstr", "a2 61"}, {"str8", "d9 02 61"}, {"str16", "da ffff 61"}, {"str32", "db ffffffff 61"},
		{"bin8", "c4 ff 00"}, {"bin16", "c5 ffff 00"}, {"bin32", "c6 ffffffff 00"},
		{"fixarray", "9f c0"}, {"array16", "dc ffff c0"}, {"array32", "dd ffffffff c0"},
		{"fixmap", "8f c0 c0"}, {"map16", "de ffff c0 c0"}, {"map32", "df ffffffff c0 c0"}, {"map32-half", "df 80000000 c0 c0"},
		{"ext8", "c7 02 05 00"}, {"ext8-empty", "c7 00"}, {"ext16", "c8 ffff 05 00"}, {"ext32", "c9 ffffffff 05 00"},
		{"fixext1", "d4 05"}, {"fixext2", "d5 05 00"}, {"fixext4", "d6 05 000000"}, {"fixext8", "d7 05 00000000000000"},
		{"fixext16", "d8 05" + strings.Repeat("00", 15)},
		{"float32", "ca 000000"}, {"float64", "cb 00000000000000"},
		{"uint8", "cc"}, {"uint16", "cd 00"}, {"uint32", "ce 000000"}, {"uint64", "cf 00000000000000"},
		{"int8", "d0"}, {"int16", "d1 00"}, {"int32", "d2 000000"}, {"int64", "d3 00000000000000"},
		{"str8-length", "d9"}, {"str16-length", "da 00"}, {"str32-length", "db 000000"},
		{"bin8-length", "c4"}, {"bin32-length", "c6 000000"}, {"array16-length", "dc 00"}, {"array32-length", "dd 000000"},
		{"map16-length", "de 00"}, {"map32-length", "df 000000"}, {"ext32-length", "c9 000000"},
	} {
		k.addMalformed("short-"+v.name, "the last value is cut short: "+strings.ReplaceAll(v.name, "-", ", its "), usual().and(str("value"), unhex(v.hex)))
	}
	p := usual()
	p.fields = [][]byte{str("value"), unhex("db 00000006 61"), str("value2"), unhex("01")}
	k.addMalformed("short-swallows", "a value is so long that it swallows the next field", p)
}

// addFields adds files about the map of fields and its keys.
func (k *kitMaker) addFields() {
	fields := func(f *kitFile, pairs ...any) {
		f.Fields = nil
		for i := 0; i < len(pairs); i += 2 {
			f.Fields = append(f.Fields, tokentest.Field{Key: pairs[i].(string), Value: pairs[i+1].([]byte)})
		}
	}
	of := func(parts ...[]byte) kitPlain {
		p := usual()
		p.fields = parts
		return p
	}
	fields(k.addPlain("fields-none", "an empty map of fields", of()))
	p := of()
	p.fieldsHead = unhex("de 0000")
	fields(k.addPlain("fields-none-map16", "an empty map16 of fields", p))
	p = usual()
	p.fieldsHead = unhex("de 0003")
	k.addPlain("fields-map16", "the fields are in a map16, which is not the shortest form", p)
	p.fieldsHead = unhex("df 00000003")
	k.addPlain("fields-map32", "the fields are in a map32, which is not the shortest form", p)
	k.addPlain("fields-in-another-order", "the fields come in another order", of(str("roles"), unhex("92 a161 a162"), str("visits"), num(3), str("user"), str("hubo")))

	many := of()
	many.fieldsHead = unhex("de 0014")
	f := k.add("fields-20", "20 fields")
	f.Fields = nil
	for i := range 20 {
		key := fmt.Sprintf("f%02d", i)
		many = many.and(str(key), num(uint64(i)))
		f.Fields = append(f.Fields, tokentest.Field{Key: key, Value: num(uint64(i))})
	}
	f.send(f.cookie(many))

	for _, c := range []struct{ name, comment, key string }{
		{"empty", "a key is empty", ""},
		{"31", "a key of 31 bytes", strings.Repeat("k", 31)},
		{"32", "a key of 32 bytes, a str8", strings.Repeat("k", 32)},
		{"256", "a key of 256 bytes, a str16", strings.Repeat("k", 256)},
		{"non-ascii", "a key with an umlaut", "gr\u00f6\u00dfe"},
		{"not-utf8", "a key that is not UTF-8", "\xff\xfe"},
		{"null", "a key with a null byte", "user\x00"},
		{"symbols", "a key with quotes, a backslash and a space", `"a\ b"`},
	} {
		fields(k.addPlain("key-"+c.name, c.comment, of(str(c.key), num(1))), c.key, num(1))
	}
	for name, form := range map[string]string{"str8": "d9 04", "str16": "da 0004", "str32": "db 00000004"} {
		fields(k.addPlain("key-as-"+name, "a key is a "+name+", which is not the shortest form", of(append(unhex(form), "user"...), num(1))), "user", num(1))
	}
	for _, c := range []struct{ name, comment, hex string }{
		{"integer", "an integer", "01"}, {"nil", "nil", "c0"}, {"bool", "true", "c3"}, {"binary", "binary", "c4 04 75736572"},
		{"array", "an array", "91 a161"}, {"map", "a map", "80"}, {"extension", "an extension", "d4 01 00"}, {"invalid", "the code 0xc1", "c1"},
		{"lies", "a str32 of 2^32-1 bytes", "db ffffffff 75736572"},
	} {
		k.addMalformed("key-is-"+c.name, "a key is "+c.comment, of(unhex(c.hex), num(1)))
	}
	for _, c := range []struct{ name, comment, hex string }{
		{"array", "an array", "90"}, {"nil", "nil", "c0"}, {"integer", "an integer", "00"}, {"string", "a string", "a0"},
		{"missing", "missing", ""}, {"invalid", "the code 0xc1", "c1"}, {"lie-15", "15 by its word, and none", "8f"},
		{"lie-2-to-the-16", "2^16-1 by its word, and none", "de ffff"}, {"lie-2-to-the-32", "2^32-1 by its word, and none", "df ffffffff"},
		{"lie-2-to-the-31", "2^31 by its word, and none", "df 80000000"},
	} {
		p := of()
		p.fieldsHead = unhex(c.hex)
		k.addMalformed("fields-"+c.name, "the map of fields is "+c.comment, p)
	}
	p = usual()
	p.fieldsHead = unhex("84")
	k.addMalformed("fields-one-less", "the fields are three but say to be four", p)
	p.fieldsHead = unhex("82")
	k.addMalformed("fields-one-more", "the fields are three but say to be two", p)

	twice := func(name, comment string, p kitPlain) { k.addMalformed("twice-"+name, comment, p) }
	twice("in-a-row", "a key comes twice in a row", of(str("user"), num(1), str("user"), num(1)))
	twice("apart", "a key comes twice, with another between", of(str("user"), num(1), str("visits"), num(2), str("user"), num(1)))
	twice("in-two-forms", "a key comes twice, the second time as a str8", of(str("user"), num(1), unhex("d9 04 75736572"), num(1)))
	twice("empty", "the empty key comes twice", of(str(""), num(1), str(""), num(1)))
	twice("unknown", "a key comes twice that no build is likely to know", of(str("?"), num(1), str("!"), num(1), str("?"), num(1)))
	twice("nil", "a key comes twice, with nil as its value", of(str("user"), unhex("c0"), str("user"), unhex("c0")))

	was := func(name, comment string, p kitPlain) *kitFile {
		f := k.addPlain("was-"+name, comment, p)
		f.Was = []string{"c", "code", "kode"}
		return f
	}
	fields(was("own", "a field under its own key", of(str("c"), num(1))), "c", num(1))
	fields(was("older", "a field under its older key", of(str("code"), num(1))), "c", num(1))
	fields(was("oldest", "a field under its oldest key", of(str("kode"), num(1))), "c", num(1))
	fields(was("own-first", "a field under its own key, then under an older one", of(str("c"), num(1), str("code"), num(2))), "c", num(1))
	fields(was("own-last", "a field under its older keys, then under its own", of(str("kode"), num(3), str("code"), num(2), str("c"), num(1))), "c", num(1))
	fields(was("older-first", "a field under its older key, then under its oldest", of(str("code"), num(2), str("kode"), num(3))), "c", num(2))
	fields(was("others-between", "a field under two keys with other fields between", of(str("kode"), num(3), str("a"), num(7), str("code"), num(2), str("b"), num(8))),
		"a", num(7), "b", num(8), "c", num(2))
	until := func(key string, seconds uint64) []byte {
		return append(append([]byte{0x81}, str(key)...), num(seconds)...)
	}
	f = was("expiry-of-older", "the expiry of the older key, under which the field is", of(str("code"), num(1)).with(metaExpiries, until("code", 4000)))
	f.Fields = []tokentest.Field{{Key: "c", Value: num(1), Until: kitCreated + 4000}}
	fields(was("expiry-of-another", "the expiry of an older key, under which the field is not", of(str("c"), num(1)).with(metaExpiries, until("code", 0))), "c", num(1))
	fields(was("expiry-of-own", "the expiry of the own key, under which the field is not", of(str("code"), num(1)).with(metaExpiries, until("c", 0))), "c", num(1))
	fields(was("expired", "the field expired under its older key", of(str("code"), num(1)).with(metaExpiries, until("code", 3600))))
	f = was("twice-own", "the own key comes twice", of(str("c"), num(1), str("c"), num(1)))
	f.refuse(tokentest.Malformed)
	f = was("twice-older", "an older key comes twice", of(str("code"), num(1), str("code"), num(1)))
	f.refuse(tokentest.Malformed)
	f = was("twice-older-beside-own", "an older key comes twice beside the own one", of(str("code"), num(1), str("c"), num(2), str("code"), num(3)))
	f.refuse(tokentest.Malformed)
	f = was("twice-oldest-around-older", "the oldest key comes twice, around a newer one", of(str("kode"), num(1), str("code"), num(2), str("kode"), num(3)))
	f.refuse(tokentest.Malformed)
}
