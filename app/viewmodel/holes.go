package viewmodel

import "reflect"

// hole is the name of the first message without words, "" when there is none.
func (m Messages) hole() string {
	v := reflect.ValueOf(m)
	for i := range v.NumField() {
		if f := v.Field(i); f.Len() == 0 {
			return v.Type().Field(i).Name
		}
	}
	return ""
}
