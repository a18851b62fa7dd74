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
package jinja
