// Package report shows evaluations to people: as one self-contained HTML page, as Markdown for a pull request, as tab-separated values for a
// spreadsheet, as a PNG picture, and as the text of the IMPULS reference scripts.
//
// The page needs neither network nor JavaScript, follows the reader's light or dark setting, and is readable on a phone.
package report
