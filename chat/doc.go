// Package chat turns conversations into the text that a model was trained to
// continue: it renders the chat template that a model ships, exactly as
// transformers' apply_chat_template does, and says which bytes of the text each
// message wrote, so that training can label the assistant's words alone.
//
// [Load] finds the template of a model directory, [Template.Apply] renders, and
// [Template.ApplyTurns] renders with the places of the messages.
package chat
