"""Words that exports share: values of the enums in seven languages, empty cells, ages, and what a category speaks of.

English, Greek, French, Spanish, Portuguese, German and Italian. What can mean two things is left out.
"""

from __future__ import annotations

from curim_data.lexicon.topics import is_sensitive, kind_of, named_topic, topic_of
from curim_data.lexicon.words import MISSING, SCALES, WORDS, age_band, gender_parts, gender_words, scale_step, state_of
