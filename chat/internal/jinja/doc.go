// Package jinja runs the templates that chat models ship, as Jinja2 3.1 runs
// them in the environment that transformers 5 makes (sandboxed and immutable,
// trim_blocks and lstrip_blocks on, loop controls, {% generation %} blocks).
//
// Beside the text it tells where the text comes from: strings that entered as
// [Text] with an origin keep it through concatenation, slicing, stripping,
// splitting, filters and macros, so that the caller learns which bytes of the
// output each message wrote without rendering twice or planting marks.
//
// What Jinja2 has and this package does not (other templates: extends, include,
// import) is refused at parsing, by its name.
//
// Why another engine: gonja v2.9.1, with filters and functions added from
// outside, renders 100 of the 234 snippets in testdata and 396 of 522
// conversations in ../../testdata as Python does. It takes an undefined name
// for None, sorts the keys of objects, cuts strings between the bytes of a
// character, and adds strings to numbers; none of this can be mended from
// outside, and it cannot say where its output comes from. This package renders
// all of them as Python does, and all 7,192 conversations with 124 templates of
// published models (testdata/make.py of package chat says how to repeat it).
package jinja
