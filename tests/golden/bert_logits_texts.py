"""64 texts for bert_logits.json: 2 to 128 tokens, words, punctuation, accents, other scripts, and lengths mixed within each batch of 8."""

# 21 words of one token each, six times: with [CLS] and [SEP] exactly 128 tokens, none cut off.
FULL = " ".join(["the old ship came back to the small town after a long winter and everyone went down to see the sea"] * 6)

# Past 128 tokens: cut off by truncation.
TOO_LONG = " ".join([
    "When the orchestra finally returned to the hall after eleven years of repairs, nobody expected the first concert to be so quiet.",
    "The conductor, who had spent those years teaching children in a village by the sea, chose music that began almost below hearing.",
    "People leaned forward; a few of them closed their eyes; one man in the third row folded his programme into a small paper boat.",
    "By the second movement the strings had found each other again, and the sound, thin at first, filled the room up to its new ceiling.",
    "Critics wrote later that it was not a perfect evening, but that it had been an honest one, which is rarer and harder to rehearse.",
])

TEXTS = [
    "Great.",
    "A warm, funny and quietly devastating film about growing old.",
    "I wanted to like it, but the plot makes no sense and the jokes are older than the actors.",
    TOO_LONG,
    "no",
    "The camera never moves; the people in front of it hardly do.",
    "Two hours and forty minutes that feel like a weekend with relatives you do not like.",
    "What a lovely, lovely picture!",
    "",
    "It rains. He waits. She does not come. That is the story, and it is enough.",
    "Café, naïve, façade, über, señor, smörgåsbord: the accents are stripped before the words are looked up.",
    "Unbelievably, antidisestablishmentarianism and floccinaucinihilipilification appear in the same sentence.",
    "ok",
    "The director said: \"We had no money, no time, and no script.\" It shows - and I mean that kindly.",
    "1999, 2001, 3.14159, 1,000,000 and 50% of $20 are all numbers, more or less.",
    "???",
    "An hour in, I looked at my watch; twenty minutes later I looked again, and only four minutes had passed.",
    "Brilliant",
    "The sequel repeats every scene of the first part, only louder, longer and with more helicopters. The hero, who had learnt humility by "
    "the end of the earlier film, has forgotten it again, so that he may learn it a second time while things explode behind him.",
    "Dull, dull, dull.",
    "She carries the film on her shoulders, and she carries it beautifully.",
    "Zoë's crème brûlée wasn't half as good as Renée's; François agreed.",
    "(This sentence is (nested (rather deeply) in brackets) for no good reason).",
    "email me at someone@example.org or see https://example.org/films?id=42&lang=en#reviews",
    "The first half is a comedy of manners, the second a thriller, and the last ten minutes belong to neither; yet somehow the whole thing "
    "holds together, thanks to a script that knows its people and a cast that never asks to be liked.",
    "Not bad.",
    "Not good.",
    "Not bad at all, not good enough, and not nearly as clever as it thinks it is.",
    "I laughed, I cried, I dropped my popcorn on a stranger and did not apologise, because he was crying too.",
    "电影很好看",
    "Фильм очень хороший, но слишком длинный.",
    "映画 and cinema, 영화 and film: four words, two meanings at most.",
    FULL,
    "Yes!",
    "The acting is wooden, the sets are cardboard and the dialogue is paper. At least it can be recycled.",
    "A masterpiece of restraint: nothing is said, everything is understood, and the silence after the last shot is the loudest thing in it.",
    "meh...",
    "Don't, won't, can't, shouldn't've: the apostrophes are split off.",
    "THE TITLE IS IN CAPITALS AND SO IS THE REST OF THE REVIEW BECAUSE I AM ANGRY.",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z",
    "Five friends rent a cabin. Four of them are fools. The fifth is the writer's idea of a genius. By midnight they are arguing about the "
    "map, by one they have lost it, and by two the film has lost them as well; what remains is an hour of shouting in the dark, shot by "
    "somebody who was plainly told that a steady hand is a sign of weakness.",
    "tab\tand   many    spaces",
    "A documentary about bread. It is better than most films about war.",
    "If you have seen the trailer you have seen the film, and you have seen it without the songs, which is the better way.",
    "😀 great film 👍",
    "Its heart is in the right place; its brain is elsewhere.",
    "state-of-the-art, low-budget, high-concept, twenty-first-century, not-quite-horror",
    "Sound and fury.",
    "It is hard to say what the film is about, since it is about everything: marriage, money, the weather, the price of fish, two brothers "
    "who have not spoken since the funeral, and a dog that turns up in every scene and belongs to none of them.",
    "Watch it with somebody you love, or with nobody at all.",
    "The worst film of the year, and it is only January.",
    "x",
    "He who laughs last has not heard the punchline; in this comedy there is none to hear.",
    "Half an hour shorter, it would have been a classic; an hour shorter, it would have been a mercy.",
    "supercalifragilisticexpialidocious",
    "The score swells whenever somebody opens a door. There are a great many doors in this film, and every one of them is, it would seem, a "
    "matter of life and death; by the time a door really does matter, the orchestra has nothing left to give, and neither have we. I left "
    "by a door that made no sound at all, and I have seldom been so grateful to a hinge.",
    "Good film, bad cinema, terrible popcorn.",
    "I have no idea what I have just seen, and I would see it again tomorrow.",
    "Ambitious; overlong; unforgettable.",
    "Some films are made for the big screen, some for the small one, and this one for the back of a seat on a long night flight over water.",
    "It's fine.",
    "The child actors are wonderful. The adults should have been watching them more closely, both in the story and on the set.",
    "In the end the robot learns to cry, which is more than can be said for the audience.",
    "A film to be grateful for.",
]
